window.reportLogs = {
 "evaluations/bicubic_x2/BSD100": {
  "git_revision": {
   "sort": "2197088300f21de797d39e88651cb1781c01b63d",
   "text": "2197088300f2"
  },
  "started": {
   "sort": 1795695529.0,
   "text": "2026-11-26 12:18 UTC"
  },
  "wall_seconds": {
   "sort": 3.23,
   "text": "3 s"
  }
 },
 "evaluations/bicubic_x2/Set14": {
  "git_revision": {
   "sort": "2197088300f21de797d39e88651cb1781c01b63d",
   "text": "2197088300f2"
  },
  "started": {
   "sort": 1795695536.0,
   "text": "2026-11-26 12:18 UTC"
  },
  "wall_seconds": {
   "sort": 1.26,
   "text": "1 s"
  }
 },
 "evaluations/bicubic_x2/Set5": {
  "git_revision": {
   "sort": "2197088300f21de797d39e88651cb1781c01b63d",
   "text": "2197088300f2"
  },
  "started": {
   "sort": 1795695540.0,
   "text": "2026-11-26 12:19 UTC"
  },
  "wall_seconds": {
   "sort": 0.2,
   "text": "0 s"
  }
 },
 "evaluations/bicubic_x2/Urban100": {
  "git_revision": {
   "sort": "2197088300f21de797d39e88651cb1781c01b63d",
   "text": "2197088300f2"
  },
  "started": {
   "sort": 1795695467.0,
   "text": "2026-11-26 12:17 UTC"
  },
  "wall_seconds": {
   "sort": 23.36,
   "text": "23 s"
  }
 },
 "evaluations/bicubic_x3/BSD100": {
  "git_revision": {
   "sort": "2197088300f21de797d39e88651cb1781c01b63d",
   "text": "2197088300f2"
  },
  "started": {
   "sort": 1795695533.0,
   "text": "2026-11-26 12:18 UTC"
  },
  "wall_seconds": {
   "sort": 2.66,
   "text": "3 s"
  }
 },
 "evaluations/bicubic_x3/Set14": {
  "git_revision": {
   "sort": "2197088300f21de797d39e88651cb1781c01b63d",
   "text": "2197088300f2"
  },
  "started": {
   "sort": 1795695538.0,
   "text": "2026-11-26 12:18 UTC"
  },
  "wall_seconds": {
   "sort": 1.08,
   "text": "1 s"
  }
 },
 "evaluations/bicubic_x3/Set5": {
  "git_revision": {
   "sort": "2197088300f21de797d39e88651cb1781c01b63d",
   "text": "2197088300f2"
  },
  "started": {
   "sort": 1795695541.0,
   "text": "2026-11-26 12:19 UTC"
  },
  "wall_seconds": {
   "sort": 0.14,
   "text": "0 s"
  }
 },
 "evaluations/bicubic_x3/Urban100": {
  "git_revision": {
   "sort": "2197088300f21de797d39e88651cb1781c01b63d",
   "text": "2197088300f2"
  },
  "started": {
   "sort": 1795695509.0,
   "text": "2026-11-26 12:18 UTC"
  },
  "wall_seconds": {
   "sort": 17.02,
   "text": "17 s"
  }
 },
 "evaluations/bicubic_x4/BSD100": {
  "git_revision": {
   "sort": "2197088300f21de797d39e88651cb1781c01b63d",
   "text": "2197088300f2"
  },
  "started": {
   "sort": 1795695506.0,
   "text": "2026-11-26 12:18 UTC"
  },
  "wall_seconds": {
   "sort": 2.87,
   "text": "3 s"
  }
 },
 "evaluations/bicubic_x4/Set14": {
  "git_revision": {
   "sort": "2197088300f21de797d39e88651cb1781c01b63d",
   "text": "2197088300f2"
  },
  "started": {
   "sort": 1795695527.0,
   "text": "2026-11-26 12:18 UTC"
  },
  "wall_seconds": {
   "sort": 1.06,
   "text": "1 s"
  }
 },
 "evaluations/bicubic_x4/Set5": {
  "git_revision": {
   "sort": "2197088300f21de797d39e88651cb1781c01b63d",
   "text": "2197088300f2"
  },
  "started": {
   "sort": 1795695528.0,
   "text": "2026-11-26 12:18 UTC"
  },
  "wall_seconds": {
   "sort": 0.14,
   "text": "0 s"
  }
 },
 "evaluations/bicubic_x4/Urban100": {
  "git_revision": {
   "sort": "2197088300f21de797d39e88651cb1781c01b63d",
   "text": "2197088300f2"
  },
  "started": {
   "sort": 1795695443.0,
   "text": "2026-11-26 12:17 UTC"
  },
  "wall_seconds": {
   "sort": 18.76,
   "text": "19 s"
  }
 },
 "runs/a2f_x2_s0": {
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
 "runs/a2f_x3_s0": {
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
 "runs/a2f_x4_s0": {
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
 "runs/a2f_x4_s1": {
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
 "runs/a2f_x4_s2": {
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
 "runs/ablation_msfeb_s0": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670702.0,
   "text": "2026-11-26 05:25 UTC"
  },
  "wall_seconds": {
   "sort": 142.72,
   "text": "2 min 23 s"
  }
 },
 "runs/ablation_msfeb_s1": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670903.0,
   "text": "2026-11-26 05:28 UTC"
  },
  "wall_seconds": {
   "sort": 146.22,
   "text": "2 min 26 s"
  }
 },
 "runs/ablation_msfeb_s2": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795671108.0,
   "text": "2026-11-26 05:31 UTC"
  },
  "wall_seconds": {
   "sort": 88.4,
   "text": "1 min 28 s"
  }
 },
 "runs/ablation_no_rb_s0": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670705.0,
   "text": "2026-11-26 05:25 UTC"
  },
  "wall_seconds": {
   "sort": 150.88,
   "text": "2 min 31 s"
  }
 },
 "runs/ablation_no_rb_s1": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670904.0,
   "text": "2026-11-26 05:28 UTC"
  },
  "wall_seconds": {
   "sort": 155.71,
   "text": "2 min 36 s"
  }
 },
 "runs/ablation_no_rb_s2": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795671108.0,
   "text": "2026-11-26 05:31 UTC"
  },
  "wall_seconds": {
   "sort": 94.62,
   "text": "1 min 35 s"
  }
 },
 "runs/ablation_rb_dagger_s0": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670708.0,
   "text": "2026-11-26 05:25 UTC"
  },
  "wall_seconds": {
   "sort": 163.13,
   "text": "2 min 43 s"
  }
 },
 "runs/ablation_rb_dagger_s1": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795671108.0,
   "text": "2026-11-26 05:31 UTC"
  },
  "wall_seconds": {
   "sort": 28.19,
   "text": "28 s"
  }
 },
 "runs/ablation_rb_dagger_s2": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795671108.0,
   "text": "2026-11-26 05:31 UTC"
  },
  "wall_seconds": {
   "sort": 100.04,
   "text": "1 min 40 s"
  }
 },
 "runs/ablation_single_scale_s0": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670698.0,
   "text": "2026-11-26 05:24 UTC"
  },
  "wall_seconds": {
   "sort": 79.91,
   "text": "1 min 20 s"
  }
 },
 "runs/ablation_single_scale_s1": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670871.0,
   "text": "2026-11-26 05:27 UTC"
  },
  "wall_seconds": {
   "sort": 82.48,
   "text": "1 min 22 s"
  }
 },
 "runs/ablation_single_scale_s2": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795671108.0,
   "text": "2026-11-26 05:31 UTC"
  },
  "wall_seconds": {
   "sort": 59.66,
   "text": "1 min 00 s"
  }
 },
 "runs/dasr_x2_s0": {
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
 "runs/dasr_x3_s0": {
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
 "runs/dasr_x4_s0": {
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
 "runs/dasr_x4_s1": {
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
 "runs/dasr_x4_s2": {
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
 "runs/defian_x2_s0": {
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
 "runs/defian_x3_s0": {
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
 "runs/defian_x4_s0": {
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
 "runs/defian_x4_s1": {
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
 "runs/defian_x4_s2": {
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
 "runs/dpsr_x2_s0": {
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
 "runs/dpsr_x3_s0": {
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
 "runs/dpsr_x4_s0": {
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
 "runs/dpsr_x4_s1": {
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
 "runs/dpsr_x4_s2": {
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
 "runs/drcn_x2_s0": {
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
 "runs/drcn_x3_s0": {
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
 "runs/drcn_x4_s0": {
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
 "runs/drcn_x4_s1": {
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
 "runs/drcn_x4_s2": {
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
 "runs/drsan_x2_s0": {
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
 "runs/drsan_x3_s0": {
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
 "runs/drsan_x4_s0": {
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
 "runs/drsan_x4_s1": {
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
 "runs/drsan_x4_s2": {
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
 "runs/idn_x2_s0": {
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
 "runs/idn_x3_s0": {
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
 "runs/idn_x4_s0": {
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
 "runs/idn_x4_s1": {
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
 "runs/idn_x4_s2": {
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
 "runs/ladder_idn_2000_s0": {
  "git_revision": {
   "sort": "09be56df407ee4768748048423ec97307d64f6a4",
   "text": "09be56df407e"
  },
  "started": {
   "sort": 1795676662.0,
   "text": "2026-11-26 07:04 UTC"
  },
  "wall_seconds": {
   "sort": 204.58,
   "text": "3 min 25 s"
  }
 },
 "runs/ladder_idn_32000_s0": {
  "git_revision": {
   "sort": "d39be8e0b42c4666eceb982074936be3629b7287",
   "text": "d39be8e0b42c"
  },
  "started": {
   "sort": 1795670614.0,
   "text": "2026-11-26 05:23 UTC"
  },
  "wall_seconds": {
   "sort": 398.29,
   "text": "6 min 38 s"
  }
 },
 "runs/ladder_idn_500_s0": {
  "git_revision": {
   "sort": "09be56df407ee4768748048423ec97307d64f6a4",
   "text": "09be56df407e"
  },
  "started": {
   "sort": 1795676610.0,
   "text": "2026-11-26 07:03 UTC"
  },
  "wall_seconds": {
   "sort": 51.37,
   "text": "51 s"
  }
 },
 "runs/ladder_lapsrn_2000_s0": {
  "git_revision": {
   "sort": "09be56df407ee4768748048423ec97307d64f6a4",
   "text": "09be56df407e"
  },
  "started": {
   "sort": 1795676326.0,
   "text": "2026-11-26 06:58 UTC"
  },
  "wall_seconds": {
   "sort": 209.18,
   "text": "3 min 29 s"
  }
 },
 "runs/ladder_lapsrn_500_s0": {
  "git_revision": {
   "sort": "09be56df407ee4768748048423ec97307d64f6a4",
   "text": "09be56df407e"
  },
  "started": {
   "sort": 1795676271.0,
   "text": "2026-11-26 06:57 UTC"
  },
  "wall_seconds": {
   "sort": 53.82,
   "text": "54 s"
  }
 },
 "runs/ladder_mesr_2000_s0": {
  "git_revision": {
   "sort": "09be56df407ee4768748048423ec97307d64f6a4",
   "text": "09be56df407e"
  },
  "started": {
   "sort": 1795675586.0,
   "text": "2026-11-26 06:46 UTC"
  },
  "wall_seconds": {
   "sort": 261.23,
   "text": "4 min 21 s"
  }
 },
 "runs/ladder_mesr_32000_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795680949.0,
   "text": "2026-11-26 08:15 UTC"
  },
  "wall_seconds": {
   "sort": 477.55,
   "text": "7 min 58 s"
  }
 },
 "runs/ladder_mesr_500_s0": {
  "git_revision": {
   "sort": "09be56df407ee4768748048423ec97307d64f6a4",
   "text": "09be56df407e"
  },
  "started": {
   "sort": 1795675516.0,
   "text": "2026-11-26 06:45 UTC"
  },
  "wall_seconds": {
   "sort": 67.86,
   "text": "1 min 08 s"
  }
 },
 "runs/ladder_msrn_2000_s0": {
  "git_revision": {
   "sort": "09be56df407ee4768748048423ec97307d64f6a4",
   "text": "09be56df407e"
  },
  "started": {
   "sort": 1795676572.0,
   "text": "2026-11-26 07:02 UTC"
  },
  "wall_seconds": {
   "sort": 143.82,
   "text": "2 min 24 s"
  }
 },
 "runs/ladder_msrn_500_s0": {
  "git_revision": {
   "sort": "09be56df407ee4768748048423ec97307d64f6a4",
   "text": "09be56df407e"
  },
  "started": {
   "sort": 1795676535.0,
   "text": "2026-11-26 07:02 UTC"
  },
  "wall_seconds": {
   "sort": 36.05,
   "text": "36 s"
  }
 },
 "runs/ladder_vdsr_2000_s0": {
  "git_revision": {
   "sort": "09be56df407ee4768748048423ec97307d64f6a4",
   "text": "09be56df407e"
  },
  "started": {
   "sort": 1795675931.0,
   "text": "2026-11-26 06:52 UTC"
  },
  "wall_seconds": {
   "sort": 339.76,
   "text": "5 min 40 s"
  }
 },
 "runs/ladder_vdsr_500_s0": {
  "git_revision": {
   "sort": "09be56df407ee4768748048423ec97307d64f6a4",
   "text": "09be56df407e"
  },
  "started": {
   "sort": 1795675847.0,
   "text": "2026-11-26 06:50 UTC"
  },
  "wall_seconds": {
   "sort": 83.33,
   "text": "1 min 23 s"
  }
 },
 "runs/lapar_x2_s0": {
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
 "runs/lapar_x3_s0": {
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
 "runs/lapar_x4_s0": {
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
 "runs/lapar_x4_s1": {
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
 "runs/lapar_x4_s2": {
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
 "runs/lapsrn_x2_s0": {
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
 "runs/lapsrn_x3_s0": {
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
 "runs/lapsrn_x4_s0": {
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
 "runs/lapsrn_x4_s1": {
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
 "runs/lapsrn_x4_s2": {
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
 "runs/mesr_x2_s0": {
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
 "runs/mesr_x3_s0": {
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
 "runs/mesr_x4_s0": {
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
 "runs/mesr_x4_s1": {
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
 "runs/mesr_x4_s2": {
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
 "runs/msrn_x2_s0": {
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
 "runs/msrn_x3_s0": {
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
 "runs/msrn_x4_s0": {
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
 "runs/msrn_x4_s1": {
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
 "runs/msrn_x4_s2": {
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
 "runs/pan_x2_s0": {
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
 "runs/pan_x3_s0": {
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
 "runs/pan_x4_s0": {
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
 "runs/pan_x4_s1": {
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
 "runs/pan_x4_s2": {
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
 "runs/reading_attention_kernel_3_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681066.0,
   "text": "2026-11-26 08:17 UTC"
  },
  "wall_seconds": {
   "sort": 137.35,
   "text": "2 min 17 s"
  }
 },
 "runs/reading_attention_kernel_3_s1": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681108.0,
   "text": "2026-11-26 08:18 UTC"
  },
  "wall_seconds": {
   "sort": 142.04,
   "text": "2 min 22 s"
  }
 },
 "runs/reading_branches_separate_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795680949.0,
   "text": "2026-11-26 08:15 UTC"
  },
  "wall_seconds": {
   "sort": 182.61,
   "text": "3 min 03 s"
  }
 },
 "runs/reading_branches_separate_s1": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681087.0,
   "text": "2026-11-26 08:18 UTC"
  },
  "wall_seconds": {
   "sort": 186.31,
   "text": "3 min 06 s"
  }
 },
 "runs/reading_charbonnier_image_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681081.0,
   "text": "2026-11-26 08:18 UTC"
  },
  "wall_seconds": {
   "sort": 139.43,
   "text": "2 min 19 s"
  }
 },
 "runs/reading_charbonnier_image_s1": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681217.0,
   "text": "2026-11-26 08:20 UTC"
  },
  "wall_seconds": {
   "sort": 143.19,
   "text": "2 min 23 s"
  }
 },
 "runs/reading_gate_closed_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681073.0,
   "text": "2026-11-26 08:17 UTC"
  },
  "wall_seconds": {
   "sort": 137.77,
   "text": "2 min 18 s"
  }
 },
 "runs/reading_gate_closed_s1": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681204.0,
   "text": "2026-11-26 08:20 UTC"
  },
  "wall_seconds": {
   "sort": 144.79,
   "text": "2 min 25 s"
  }
 },
 "runs/reading_global_skip_weighted_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795680949.0,
   "text": "2026-11-26 08:15 UTC"
  },
  "wall_seconds": {
   "sort": 138.65,
   "text": "2 min 19 s"
  }
 },
 "runs/reading_global_skip_weighted_s1": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681093.0,
   "text": "2026-11-26 08:18 UTC"
  },
  "wall_seconds": {
   "sort": 139.76,
   "text": "2 min 20 s"
  }
 },
 "runs/reading_initialisation_he_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681078.0,
   "text": "2026-11-26 08:17 UTC"
  },
  "wall_seconds": {
   "sort": 138.59,
   "text": "2 min 19 s"
  }
 },
 "runs/reading_initialisation_he_s1": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681216.0,
   "text": "2026-11-26 08:20 UTC"
  },
  "wall_seconds": {
   "sort": 143.27,
   "text": "2 min 23 s"
  }
 },
 "runs/reading_last_lambda_own_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795680949.0,
   "text": "2026-11-26 08:15 UTC"
  },
  "wall_seconds": {
   "sort": 137.39,
   "text": "2 min 17 s"
  }
 },
 "runs/reading_last_lambda_own_s1": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681093.0,
   "text": "2026-11-26 08:18 UTC"
  },
  "wall_seconds": {
   "sort": 137.88,
   "text": "2 min 18 s"
  }
 },
 "runs/reading_mean_taken_off_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681078.0,
   "text": "2026-11-26 08:17 UTC"
  },
  "wall_seconds": {
   "sort": 139.46,
   "text": "2 min 19 s"
  }
 },
 "runs/reading_mean_taken_off_s1": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681212.0,
   "text": "2026-11-26 08:20 UTC"
  },
  "wall_seconds": {
   "sort": 143.86,
   "text": "2 min 24 s"
  }
 },
 "runs/reading_omega_coarse_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681077.0,
   "text": "2026-11-26 08:17 UTC"
  },
  "wall_seconds": {
   "sort": 139.03,
   "text": "2 min 19 s"
  }
 },
 "runs/reading_omega_coarse_s1": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681211.0,
   "text": "2026-11-26 08:20 UTC"
  },
  "wall_seconds": {
   "sort": 144.31,
   "text": "2 min 24 s"
  }
 },
 "runs/reading_refinement_wide_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681072.0,
   "text": "2026-11-26 08:17 UTC"
  },
  "wall_seconds": {
   "sort": 140.23,
   "text": "2 min 20 s"
  }
 },
 "runs/reading_refinement_wide_s1": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681194.0,
   "text": "2026-11-26 08:19 UTC"
  },
  "wall_seconds": {
   "sort": 145.82,
   "text": "2 min 26 s"
  }
 },
 "runs/reading_unit_skip_both_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795680949.0,
   "text": "2026-11-26 08:15 UTC"
  },
  "wall_seconds": {
   "sort": 144.11,
   "text": "2 min 24 s"
  }
 },
 "runs/reading_unit_skip_both_s1": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681088.0,
   "text": "2026-11-26 08:18 UTC"
  },
  "wall_seconds": {
   "sort": 145.61,
   "text": "2 min 26 s"
  }
 },
 "runs/reading_upsampler_one_step_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681068.0,
   "text": "2026-11-26 08:17 UTC"
  },
  "wall_seconds": {
   "sort": 126.13,
   "text": "2 min 06 s"
  }
 },
 "runs/reading_upsampler_one_step_s1": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681132.0,
   "text": "2026-11-26 08:18 UTC"
  },
  "wall_seconds": {
   "sort": 128.51,
   "text": "2 min 09 s"
  }
 },
 "runs/reading_weight_norm_conv_s0": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795680950.0,
   "text": "2026-11-26 08:15 UTC"
  },
  "wall_seconds": {
   "sort": 143.75,
   "text": "2 min 24 s"
  }
 },
 "runs/reading_weight_norm_conv_s1": {
  "git_revision": {
   "sort": "60d2fada824f8e0b123197fcb3207538ac130aa4-dirty",
   "text": "60d2fada824f-dirty"
  },
  "started": {
   "sort": 1795681100.0,
   "text": "2026-11-26 08:18 UTC"
  },
  "wall_seconds": {
   "sort": 146.87,
   "text": "2 min 27 s"
  }
 },
 "runs/srcnn_x2_s0": {
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
 "runs/srcnn_x3_s0": {
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
 "runs/srcnn_x4_s0": {
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
 "runs/srcnn_x4_s1": {
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
 "runs/srcnn_x4_s2": {
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
 "runs/vdsr_x2_s0": {
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
 "runs/vdsr_x3_s0": {
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
 "runs/vdsr_x4_s0": {
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
 "runs/vdsr_x4_s1": {
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
 "runs/vdsr_x4_s2": {
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
 },
 "trainings": {
  "wall_seconds": {
   "sort": 15311.17,
   "text": ", 4 h 15 min in all"
  }
 }
};
