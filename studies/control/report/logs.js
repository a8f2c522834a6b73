window.reportLogs = {
 "idn-steps10000_x4_s0": {
  "git_revision": {
   "sort": "2117035ecf7d57d670f4e6dbb87c890a9332699c",
   "text": "2117035ecf7d"
  },
  "started": {
   "sort": 1796114434.0,
   "text": "2026-12-01 08:40 UTC"
  },
  "wall_seconds": {
   "sort": 1338.98,
   "text": "22 min 19 s"
  }
 },
 "idn-steps2500_x4_s0": {
  "git_revision": {
   "sort": "2117035ecf7d57d670f4e6dbb87c890a9332699c",
   "text": "2117035ecf7d"
  },
  "started": {
   "sort": 1796113686.0,
   "text": "2026-12-01 08:28 UTC"
  },
  "wall_seconds": {
   "sort": 323.22,
   "text": "5 min 23 s"
  }
 },
 "idn-steps40000_x4_s0": {
  "git_revision": {
   "sort": "2117035ecf7d57d670f4e6dbb87c890a9332699c",
   "text": "2117035ecf7d"
  },
  "started": {
   "sort": 1796107465.0,
   "text": "2026-12-01 06:44 UTC"
  },
  "wall_seconds": {
   "sort": 6215.6,
   "text": "1 h 43 min"
  }
 },
 "trainings": {
  "wall_seconds": {
   "sort": 7877.8,
   "text": " (3 trainings, 2 h 11 min in all)"
  }
 }
};
