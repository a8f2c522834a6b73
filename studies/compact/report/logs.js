window.reportLogs = {
 "a2f_x2_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681260.0,
   "text": "2026-11-26 08:21 UTC"
  },
  "wall_seconds": {
   "sort": 81.41,
   "text": "1 min 21 s"
  }
 },
 "a2f_x3_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681250.0,
   "text": "2026-11-26 08:20 UTC"
  },
  "wall_seconds": {
   "sort": 83.71,
   "text": "1 min 24 s"
  }
 },
 "a2f_x4_s0": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670629.0,
   "text": "2026-11-26 05:23 UTC"
  },
  "wall_seconds": {
   "sort": 120.9,
   "text": "2 min 01 s"
  }
 },
 "a2f_x4_s1": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670836.0,
   "text": "2026-11-26 05:27 UTC"
  },
  "wall_seconds": {
   "sort": 105.49,
   "text": "1 min 45 s"
  }
 },
 "a2f_x4_s2": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795671108.0,
   "text": "2026-11-26 05:31 UTC"
  },
  "wall_seconds": {
   "sort": 15.29,
   "text": "15 s"
  }
 },
 "dasr_x2_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795680949.0,
   "text": "2026-11-26 08:15 UTC"
  },
  "wall_seconds": {
   "sort": 117.05,
   "text": "1 min 57 s"
  }
 },
 "dasr_x3_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795680949.0,
   "text": "2026-11-26 08:15 UTC"
  },
  "wall_seconds": {
   "sort": 118.6,
   "text": "1 min 59 s"
  }
 },
 "dasr_x4_s0": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670670.0,
   "text": "2026-11-26 05:24 UTC"
  },
  "wall_seconds": {
   "sort": 161.75,
   "text": "2 min 42 s"
  }
 },
 "dasr_x4_s1": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670818.0,
   "text": "2026-11-26 05:26 UTC"
  },
  "wall_seconds": {
   "sort": 159.49,
   "text": "2 min 39 s"
  }
 },
 "dasr_x4_s2": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795671108.0,
   "text": "2026-11-26 05:31 UTC"
  },
  "wall_seconds": {
   "sort": 46.01,
   "text": "46 s"
  }
 },
 "defian_x2_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681221.0,
   "text": "2026-11-26 08:20 UTC"
  },
  "wall_seconds": {
   "sort": 128.71,
   "text": "2 min 09 s"
  }
 },
 "defian_x3_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681217.0,
   "text": "2026-11-26 08:20 UTC"
  },
  "wall_seconds": {
   "sort": 131.66,
   "text": "2 min 12 s"
  }
 },
 "defian_x4_s0": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670673.0,
   "text": "2026-11-26 05:24 UTC"
  },
  "wall_seconds": {
   "sort": 160.06,
   "text": "2 min 40 s"
  }
 },
 "defian_x4_s1": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670832.0,
   "text": "2026-11-26 05:27 UTC"
  },
  "wall_seconds": {
   "sort": 162.38,
   "text": "2 min 42 s"
  }
 },
 "defian_x4_s2": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795671108.0,
   "text": "2026-11-26 05:31 UTC"
  },
  "wall_seconds": {
   "sort": 50.92,
   "text": "51 s"
  }
 },
 "dpsr_x2_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681233.0,
   "text": "2026-11-26 08:20 UTC"
  },
  "wall_seconds": {
   "sort": 75.19,
   "text": "1 min 15 s"
  }
 },
 "dpsr_x3_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681231.0,
   "text": "2026-11-26 08:20 UTC"
  },
  "wall_seconds": {
   "sort": 82.16,
   "text": "1 min 22 s"
  }
 },
 "dpsr_x4_s0": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670641.0,
   "text": "2026-11-26 05:24 UTC"
  },
  "wall_seconds": {
   "sort": 120.65,
   "text": "2 min 01 s"
  }
 },
 "dpsr_x4_s1": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670845.0,
   "text": "2026-11-26 05:27 UTC"
  },
  "wall_seconds": {
   "sort": 109.52,
   "text": "1 min 50 s"
  }
 },
 "dpsr_x4_s2": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795671108.0,
   "text": "2026-11-26 05:31 UTC"
  },
  "wall_seconds": {
   "sort": 23.3,
   "text": "23 s"
  }
 },
 "drcn_x2_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681247.0,
   "text": "2026-11-26 08:20 UTC"
  },
  "wall_seconds": {
   "sort": 73.68,
   "text": "1 min 14 s"
  }
 },
 "drcn_x3_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681234.0,
   "text": "2026-11-26 08:20 UTC"
  },
  "wall_seconds": {
   "sort": 87.65,
   "text": "1 min 28 s"
  }
 },
 "drcn_x4_s0": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670694.0,
   "text": "2026-11-26 05:24 UTC"
  },
  "wall_seconds": {
   "sort": 124.14,
   "text": "2 min 04 s"
  }
 },
 "drcn_x4_s1": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670847.0,
   "text": "2026-11-26 05:27 UTC"
  },
  "wall_seconds": {
   "sort": 126.15,
   "text": "2 min 06 s"
  }
 },
 "drcn_x4_s2": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795671108.0,
   "text": "2026-11-26 05:31 UTC"
  },
  "wall_seconds": {
   "sort": 50.05,
   "text": "50 s"
  }
 },
 "drsan_x2_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795680949.0,
   "text": "2026-11-26 08:15 UTC"
  },
  "wall_seconds": {
   "sort": 127.54,
   "text": "2 min 08 s"
  }
 },
 "drsan_x3_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795680949.0,
   "text": "2026-11-26 08:15 UTC"
  },
  "wall_seconds": {
   "sort": 132.03,
   "text": "2 min 12 s"
  }
 },
 "drsan_x4_s0": {
  "git_revision": {
   "sort": "09be56df407ee4768748048423ec97307d64f6a4",
   "text": "09be56df407e"
  },
  "started": {
   "sort": 1795675510.0,
   "text": "2026-11-26 06:45 UTC"
  },
  "wall_seconds": {
   "sort": 1040.18,
   "text": "17 min 20 s"
  }
 },
 "drsan_x4_s1": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670778.0,
   "text": "2026-11-26 05:26 UTC"
  },
  "wall_seconds": {
   "sort": 166.79,
   "text": "2 min 47 s"
  }
 },
 "drsan_x4_s2": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795671108.0,
   "text": "2026-11-26 05:31 UTC"
  },
  "wall_seconds": {
   "sort": 46.49,
   "text": "46 s"
  }
 },
 "idn_x2_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681321.0,
   "text": "2026-11-26 08:22 UTC"
  },
  "wall_seconds": {
   "sort": 66.17,
   "text": "1 min 06 s"
  }
 },
 "idn_x3_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681314.0,
   "text": "2026-11-26 08:21 UTC"
  },
  "wall_seconds": {
   "sort": 69.86,
   "text": "1 min 10 s"
  }
 },
 "idn_x4_s0": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670622.0,
   "text": "2026-11-26 05:23 UTC"
  },
  "wall_seconds": {
   "sort": 113.72,
   "text": "1 min 54 s"
  }
 },
 "idn_x4_s1": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670743.0,
   "text": "2026-11-26 05:25 UTC"
  },
  "wall_seconds": {
   "sort": 92.58,
   "text": "1 min 33 s"
  }
 },
 "idn_x4_s2": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670936.0,
   "text": "2026-11-26 05:28 UTC"
  },
  "wall_seconds": {
   "sort": 93.16,
   "text": "1 min 33 s"
  }
 },
 "lapar_x2_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795680949.0,
   "text": "2026-11-26 08:15 UTC"
  },
  "wall_seconds": {
   "sort": 151.13,
   "text": "2 min 31 s"
  }
 },
 "lapar_x3_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795680949.0,
   "text": "2026-11-26 08:15 UTC"
  },
  "wall_seconds": {
   "sort": 158.74,
   "text": "2 min 39 s"
  }
 },
 "lapar_x4_s0": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670700.0,
   "text": "2026-11-26 05:25 UTC"
  },
  "wall_seconds": {
   "sort": 203.6,
   "text": "3 min 24 s"
  }
 },
 "lapar_x4_s1": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670762.0,
   "text": "2026-11-26 05:26 UTC"
  },
  "wall_seconds": {
   "sort": 205.95,
   "text": "3 min 26 s"
  }
 },
 "lapar_x4_s2": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795671108.0,
   "text": "2026-11-26 05:31 UTC"
  },
  "wall_seconds": {
   "sort": 63.65,
   "text": "1 min 04 s"
  }
 },
 "lapsrn_x2_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681334.0,
   "text": "2026-11-26 08:22 UTC"
  },
  "wall_seconds": {
   "sort": 32.88,
   "text": "33 s"
  }
 },
 "lapsrn_x3_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681321.0,
   "text": "2026-11-26 08:22 UTC"
  },
  "wall_seconds": {
   "sort": 60.0,
   "text": "1 min 00 s"
  }
 },
 "lapsrn_x4_s0": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670608.0,
   "text": "2026-11-26 05:23 UTC"
  },
  "wall_seconds": {
   "sort": 99.68,
   "text": "1 min 40 s"
  }
 },
 "lapsrn_x4_s1": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670852.0,
   "text": "2026-11-26 05:27 UTC"
  },
  "wall_seconds": {
   "sort": 83.62,
   "text": "1 min 24 s"
  }
 },
 "lapsrn_x4_s2": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795671108.0,
   "text": "2026-11-26 05:31 UTC"
  },
  "wall_seconds": {
   "sort": 36.46,
   "text": "36 s"
  }
 },
 "mesr_x2_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795680949.0,
   "text": "2026-11-26 08:15 UTC"
  },
  "wall_seconds": {
   "sort": 123.51,
   "text": "2 min 04 s"
  }
 },
 "mesr_x3_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795680949.0,
   "text": "2026-11-26 08:15 UTC"
  },
  "wall_seconds": {
   "sort": 128.63,
   "text": "2 min 09 s"
  }
 },
 "mesr_x4_s0": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670686.0,
   "text": "2026-11-26 05:24 UTC"
  },
  "wall_seconds": {
   "sort": 166.28,
   "text": "2 min 46 s"
  }
 },
 "mesr_x4_s1": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670736.0,
   "text": "2026-11-26 05:25 UTC"
  },
  "wall_seconds": {
   "sort": 167.65,
   "text": "2 min 48 s"
  }
 },
 "mesr_x4_s2": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795671108.0,
   "text": "2026-11-26 05:31 UTC"
  },
  "wall_seconds": {
   "sort": 42.78,
   "text": "43 s"
  }
 },
 "msrn_x2_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681309.0,
   "text": "2026-11-26 08:21 UTC"
  },
  "wall_seconds": {
   "sort": 66.47,
   "text": "1 min 06 s"
  }
 },
 "msrn_x3_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681273.0,
   "text": "2026-11-26 08:21 UTC"
  },
  "wall_seconds": {
   "sort": 77.89,
   "text": "1 min 18 s"
  }
 },
 "msrn_x4_s0": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670626.0,
   "text": "2026-11-26 05:23 UTC"
  },
  "wall_seconds": {
   "sort": 117.18,
   "text": "1 min 57 s"
  }
 },
 "msrn_x4_s1": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670833.0,
   "text": "2026-11-26 05:27 UTC"
  },
  "wall_seconds": {
   "sort": 101.05,
   "text": "1 min 41 s"
  }
 },
 "msrn_x4_s2": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670968.0,
   "text": "2026-11-26 05:29 UTC"
  },
  "wall_seconds": {
   "sort": 98.14,
   "text": "1 min 38 s"
  }
 },
 "pan_x2_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795680949.0,
   "text": "2026-11-26 08:15 UTC"
  },
  "wall_seconds": {
   "sort": 122.22,
   "text": "2 min 02 s"
  }
 },
 "pan_x3_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795680949.0,
   "text": "2026-11-26 08:15 UTC"
  },
  "wall_seconds": {
   "sort": 128.32,
   "text": "2 min 08 s"
  }
 },
 "pan_x4_s0": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670676.0,
   "text": "2026-11-26 05:24 UTC"
  },
  "wall_seconds": {
   "sort": 170.69,
   "text": "2 min 51 s"
  }
 },
 "pan_x4_s1": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670750.0,
   "text": "2026-11-26 05:25 UTC"
  },
  "wall_seconds": {
   "sort": 170.41,
   "text": "2 min 50 s"
  }
 },
 "pan_x4_s2": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795671108.0,
   "text": "2026-11-26 05:31 UTC"
  },
  "wall_seconds": {
   "sort": 45.23,
   "text": "45 s"
  }
 },
 "srcnn_x2_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681349.0,
   "text": "2026-11-26 08:22 UTC"
  },
  "wall_seconds": {
   "sort": 35.89,
   "text": "36 s"
  }
 },
 "srcnn_x3_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681349.0,
   "text": "2026-11-26 08:22 UTC"
  },
  "wall_seconds": {
   "sort": 41.5,
   "text": "42 s"
  }
 },
 "srcnn_x4_s0": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670601.0,
   "text": "2026-11-26 05:23 UTC"
  },
  "wall_seconds": {
   "sort": 84.9,
   "text": "1 min 25 s"
  }
 },
 "srcnn_x4_s1": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670602.0,
   "text": "2026-11-26 05:23 UTC"
  },
  "wall_seconds": {
   "sort": 91.98,
   "text": "1 min 32 s"
  }
 },
 "srcnn_x4_s2": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670602.0,
   "text": "2026-11-26 05:23 UTC"
  },
  "wall_seconds": {
   "sort": 95.2,
   "text": "1 min 35 s"
  }
 },
 "vdsr_x2_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681342.0,
   "text": "2026-11-26 08:22 UTC"
  },
  "wall_seconds": {
   "sort": 44.17,
   "text": "44 s"
  }
 },
 "vdsr_x3_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681340.0,
   "text": "2026-11-26 08:22 UTC"
  },
  "wall_seconds": {
   "sort": 51.53,
   "text": "52 s"
  }
 },
 "vdsr_x4_s0": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670607.0,
   "text": "2026-11-26 05:23 UTC"
  },
  "wall_seconds": {
   "sort": 98.0,
   "text": "1 min 38 s"
  }
 },
 "vdsr_x4_s1": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670856.0,
   "text": "2026-11-26 05:27 UTC"
  },
  "wall_seconds": {
   "sort": 81.78,
   "text": "1 min 22 s"
  }
 },
 "vdsr_x4_s2": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795671108.0,
   "text": "2026-11-26 05:31 UTC"
  },
  "wall_seconds": {
   "sort": 44.1,
   "text": "44 s"
  }
 }
};
