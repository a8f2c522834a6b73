window.reportLogs = {
 "mesr-gate_closed_x4_s0": {
  "git_revision": {
   "sort": "e2a01561744c8991986100396765b12700173c7f",
   "text": "e2a01561744c"
  },
  "started": {
   "sort": 1796081027.0,
   "text": "2026-11-30 23:23 UTC"
  },
  "wall_seconds": {
   "sort": 991.35,
   "text": "16 min 31 s"
  }
 },
 "mesr-gate_closed_x4_s1": {
  "git_revision": {
   "sort": "e2a01561744c8991986100396765b12700173c7f",
   "text": "e2a01561744c"
  },
  "started": {
   "sort": 1796084002.0,
   "text": "2026-12-01 00:13 UTC"
  },
  "wall_seconds": {
   "sort": 1142.77,
   "text": "19 min 03 s"
  }
 },
 "mesr-gate_closed_x4_s2": {
  "git_revision": {
   "sort": "e2a01561744c8991986100396765b12700173c7f",
   "text": "e2a01561744c"
  },
  "started": {
   "sort": 1796088190.0,
   "text": "2026-12-01 01:23 UTC"
  },
  "wall_seconds": {
   "sort": 1426.08,
   "text": "23 min 46 s"
  }
 },
 "mesr-gate_closed_x4_s3": {
  "git_revision": {
   "sort": "e2a01561744c8991986100396765b12700173c7f",
   "text": "e2a01561744c"
  },
  "started": {
   "sort": 1796093486.0,
   "text": "2026-12-01 02:51 UTC"
  },
  "wall_seconds": {
   "sort": 1514.37,
   "text": "25 min 14 s"
  }
 },
 "mesr-gate_closed_x4_s4": {
  "git_revision": {
   "sort": "e2a01561744c8991986100396765b12700173c7f",
   "text": "e2a01561744c"
  },
  "started": {
   "sort": 1796097327.0,
   "text": "2026-12-01 03:55 UTC"
  },
  "wall_seconds": {
   "sort": 1040.52,
   "text": "17 min 21 s"
  }
 },
 "mesr-mean_outside_x4_s0": {
  "git_revision": {
   "sort": "e2a01561744c8991986100396765b12700173c7f",
   "text": "e2a01561744c"
  },
  "started": {
   "sort": 1796082019.0,
   "text": "2026-11-30 23:40 UTC"
  },
  "wall_seconds": {
   "sort": 1021.95,
   "text": "17 min 02 s"
  }
 },
 "mesr-mean_outside_x4_s1": {
  "git_revision": {
   "sort": "e2a01561744c8991986100396765b12700173c7f",
   "text": "e2a01561744c"
  },
  "started": {
   "sort": 1796085146.0,
   "text": "2026-12-01 00:32 UTC"
  },
  "wall_seconds": {
   "sort": 1567.34,
   "text": "26 min 07 s"
  }
 },
 "mesr-mean_outside_x4_s2": {
  "git_revision": {
   "sort": "e2a01561744c8991986100396765b12700173c7f",
   "text": "e2a01561744c"
  },
  "started": {
   "sort": 1796091670.0,
   "text": "2026-12-01 02:21 UTC"
  },
  "wall_seconds": {
   "sort": 405.26,
   "text": "6 min 45 s"
  }
 },
 "mesr-mean_outside_x4_s3": {
  "git_revision": {
   "sort": "e2a01561744c8991986100396765b12700173c7f",
   "text": "e2a01561744c"
  },
  "started": {
   "sort": 1796095001.0,
   "text": "2026-12-01 03:16 UTC"
  },
  "wall_seconds": {
   "sort": 1056.53,
   "text": "17 min 37 s"
  }
 },
 "mesr-mean_outside_x4_s4": {
  "git_revision": {
   "sort": "e2a01561744c8991986100396765b12700173c7f",
   "text": "e2a01561744c"
  },
  "started": {
   "sort": 1796098368.0,
   "text": "2026-12-01 04:12 UTC"
  },
  "wall_seconds": {
   "sort": 1027.4,
   "text": "17 min 07 s"
  }
 },
 "mesr-no_rb_doubled_x4_s0": {
  "git_revision": {
   "sort": "e2a01561744c8991986100396765b12700173c7f",
   "text": "e2a01561744c"
  },
  "started": {
   "sort": 1796082014.0,
   "text": "2026-11-30 23:40 UTC"
  },
  "wall_seconds": {
   "sort": 936.34,
   "text": "15 min 36 s"
  }
 },
 "mesr-no_rb_doubled_x4_s1": {
  "git_revision": {
   "sort": "e2a01561744c8991986100396765b12700173c7f",
   "text": "e2a01561744c"
  },
  "started": {
   "sort": 1796085138.0,
   "text": "2026-12-01 00:32 UTC"
  },
  "wall_seconds": {
   "sort": 1495.1,
   "text": "24 min 55 s"
  }
 },
 "mesr-no_rb_doubled_x4_s2": {
  "git_revision": {
   "sort": "e2a01561744c8991986100396765b12700173c7f",
   "text": "e2a01561744c"
  },
  "started": {
   "sort": 1796091667.0,
   "text": "2026-12-01 02:21 UTC"
  },
  "wall_seconds": {
   "sort": 299.46,
   "text": "4 min 59 s"
  }
 },
 "mesr-no_rb_doubled_x4_s3": {
  "git_revision": {
   "sort": "e2a01561744c8991986100396765b12700173c7f",
   "text": "e2a01561744c"
  },
  "started": {
   "sort": 1796095001.0,
   "text": "2026-12-01 03:16 UTC"
  },
  "wall_seconds": {
   "sort": 970.27,
   "text": "16 min 10 s"
  }
 },
 "mesr-no_rb_doubled_x4_s4": {
  "git_revision": {
   "sort": "e2a01561744c8991986100396765b12700173c7f",
   "text": "e2a01561744c"
  },
  "started": {
   "sort": 1796098366.0,
   "text": "2026-12-01 04:12 UTC"
  },
  "wall_seconds": {
   "sort": 946.6,
   "text": "15 min 47 s"
  }
 },
 "mesr-no_rb_fresh_x4_s0": {
  "git_revision": {
   "sort": "e2a01561744c8991986100396765b12700173c7f",
   "text": "e2a01561744c"
  },
  "started": {
   "sort": 1796081107.0,
   "text": "2026-11-30 23:25 UTC"
  },
  "wall_seconds": {
   "sort": 907.04,
   "text": "15 min 07 s"
  }
 },
 "mesr-no_rb_fresh_x4_s1": {
  "git_revision": {
   "sort": "e2a01561744c8991986100396765b12700173c7f",
   "text": "e2a01561744c"
  },
  "started": {
   "sort": 1796084084.0,
   "text": "2026-12-01 00:14 UTC"
  },
  "wall_seconds": {
   "sort": 1053.04,
   "text": "17 min 33 s"
  }
 },
 "mesr-no_rb_fresh_x4_s2": {
  "git_revision": {
   "sort": "e2a01561744c8991986100396765b12700173c7f",
   "text": "e2a01561744c"
  },
  "started": {
   "sort": 1796088319.0,
   "text": "2026-12-01 01:25 UTC"
  },
  "wall_seconds": {
   "sort": 1288.36,
   "text": "21 min 28 s"
  }
 },
 "mesr-no_rb_fresh_x4_s3": {
  "git_revision": {
   "sort": "e2a01561744c8991986100396765b12700173c7f",
   "text": "e2a01561744c"
  },
  "started": {
   "sort": 1796093613.0,
   "text": "2026-12-01 02:53 UTC"
  },
  "wall_seconds": {
   "sort": 1386.23,
   "text": "23 min 06 s"
  }
 },
 "mesr-no_rb_fresh_x4_s4": {
  "git_revision": {
   "sort": "e2a01561744c8991986100396765b12700173c7f",
   "text": "e2a01561744c"
  },
  "started": {
   "sort": 1796097412.0,
   "text": "2026-12-01 03:56 UTC"
  },
  "wall_seconds": {
   "sort": 952.77,
   "text": "15 min 53 s"
  }
 },
 "mesr-no_rb_x4_s0": {
  "git_revision": {
   "sort": "e2a01561744c8991986100396765b12700173c7f",
   "text": "e2a01561744c"
  },
  "started": {
   "sort": 1796080293.0,
   "text": "2026-11-30 23:11 UTC"
  },
  "wall_seconds": {
   "sort": 733.36,
   "text": "12 min 13 s"
  }
 },
 "mesr-no_rb_x4_s1": {
  "git_revision": {
   "sort": "e2a01561744c8991986100396765b12700173c7f",
   "text": "e2a01561744c"
  },
  "started": {
   "sort": 1796083049.0,
   "text": "2026-11-30 23:57 UTC"
  },
  "wall_seconds": {
   "sort": 952.68,
   "text": "15 min 53 s"
  }
 },
 "mesr-no_rb_x4_s2": {
  "git_revision": {
   "sort": "e2a01561744c8991986100396765b12700173c7f",
   "text": "e2a01561744c"
  },
  "started": {
   "sort": 1796086721.0,
   "text": "2026-12-01 00:58 UTC"
  },
  "wall_seconds": {
   "sort": 1467.65,
   "text": "24 min 28 s"
  }
 },
 "mesr-no_rb_x4_s3": {
  "git_revision": {
   "sort": "e2a01561744c8991986100396765b12700173c7f",
   "text": "e2a01561744c"
  },
  "started": {
   "sort": 1796092085.0,
   "text": "2026-12-01 02:28 UTC"
  },
  "wall_seconds": {
   "sort": 1399.39,
   "text": "23 min 19 s"
  }
 },
 "mesr-no_rb_x4_s4": {
  "git_revision": {
   "sort": "e2a01561744c8991986100396765b12700173c7f",
   "text": "e2a01561744c"
  },
  "started": {
   "sort": 1796096066.0,
   "text": "2026-12-01 03:34 UTC"
  },
  "wall_seconds": {
   "sort": 1260.7,
   "text": "21 min 01 s"
  }
 },
 "mesr_x4_s0": {
  "git_revision": {
   "sort": "e2a01561744c8991986100396765b12700173c7f",
   "text": "e2a01561744c"
  },
  "started": {
   "sort": 1796080290.0,
   "text": "2026-11-30 23:11 UTC"
  },
  "wall_seconds": {
   "sort": 814.59,
   "text": "13 min 35 s"
  }
 },
 "mesr_x4_s1": {
  "git_revision": {
   "sort": "e2a01561744c8991986100396765b12700173c7f",
   "text": "e2a01561744c"
  },
  "started": {
   "sort": 1796083046.0,
   "text": "2026-11-30 23:57 UTC"
  },
  "wall_seconds": {
   "sort": 1036.67,
   "text": "17 min 17 s"
  }
 },
 "mesr_x4_s2": {
  "git_revision": {
   "sort": "e2a01561744c8991986100396765b12700173c7f",
   "text": "e2a01561744c"
  },
  "started": {
   "sort": 1796086718.0,
   "text": "2026-12-01 00:58 UTC"
  },
  "wall_seconds": {
   "sort": 1598.61,
   "text": "26 min 39 s"
  }
 },
 "mesr_x4_s3": {
  "git_revision": {
   "sort": "e2a01561744c8991986100396765b12700173c7f",
   "text": "e2a01561744c"
  },
  "started": {
   "sort": 1796092082.0,
   "text": "2026-12-01 02:28 UTC"
  },
  "wall_seconds": {
   "sort": 1529.6,
   "text": "25 min 30 s"
  }
 },
 "mesr_x4_s4": {
  "git_revision": {
   "sort": "e2a01561744c8991986100396765b12700173c7f",
   "text": "e2a01561744c"
  },
  "started": {
   "sort": 1796096063.0,
   "text": "2026-12-01 03:34 UTC"
  },
  "wall_seconds": {
   "sort": 1347.11,
   "text": "22 min 27 s"
  }
 },
 "trainings": {
  "wall_seconds": {
   "sort": 33569.14,
   "text": " (30 trainings, 9 h 19 min in all)"
  }
 }
};
