window.reportLogs = {
 "mesr-image_skip_x4_s0": {
  "git_revision": {
   "sort": "13910cf37eeb867974c04133fe7444db6535c727",
   "text": "13910cf37eeb"
  },
  "started": {
   "sort": 1796127018.0,
   "text": "2026-12-01 12:10 UTC"
  },
  "wall_seconds": {
   "sort": 1644.48,
   "text": "27 min 24 s"
  }
 },
 "mesr-image_skip_x4_s1": {
  "git_revision": {
   "sort": "13910cf37eeb867974c04133fe7444db6535c727",
   "text": "13910cf37eeb"
  },
  "started": {
   "sort": 1796127022.0,
   "text": "2026-12-01 12:10 UTC"
  },
  "wall_seconds": {
   "sort": 1624.68,
   "text": "27 min 05 s"
  }
 },
 "mesr-one_step_deep_x4_s0": {
  "git_revision": {
   "sort": "13910cf37eeb867974c04133fe7444db6535c727",
   "text": "13910cf37eeb"
  },
  "started": {
   "sort": 1796122178.0,
   "text": "2026-12-01 10:49 UTC"
  },
  "wall_seconds": {
   "sort": 2857.96,
   "text": "47 min 38 s"
  }
 },
 "mesr-one_step_deep_x4_s1": {
  "git_revision": {
   "sort": "13910cf37eeb867974c04133fe7444db6535c727",
   "text": "13910cf37eeb"
  },
  "started": {
   "sort": 1796122180.0,
   "text": "2026-12-01 10:49 UTC"
  },
  "wall_seconds": {
   "sort": 2904.7,
   "text": "48 min 25 s"
  }
 },
 "mesr-one_step_wide_x4_s0": {
  "git_revision": {
   "sort": "13910cf37eeb867974c04133fe7444db6535c727",
   "text": "13910cf37eeb"
  },
  "started": {
   "sort": 1796125037.0,
   "text": "2026-12-01 11:37 UTC"
  },
  "wall_seconds": {
   "sort": 1692.25,
   "text": "28 min 12 s"
  }
 },
 "mesr-one_step_wide_x4_s1": {
  "git_revision": {
   "sort": "13910cf37eeb867974c04133fe7444db6535c727",
   "text": "13910cf37eeb"
  },
  "started": {
   "sort": 1796125085.0,
   "text": "2026-12-01 11:38 UTC"
  },
  "wall_seconds": {
   "sort": 1716.23,
   "text": "28 min 36 s"
  }
 }
};
