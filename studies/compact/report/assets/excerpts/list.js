window.reportExcerpts = [
 {
  "key": "bsd100-210088-x2",
  "image": "210088 (BSD100)",
  "scale": 2,
  "region": [
   144,
   216,
   72,
   48
  ],
  "whole": [
   320,
   480
  ],
  "overview": "assets/excerpts/bsd100-210088.webp",
  "chosen": "where bicubic interpolation has the largest error, whatever the networks do there",
  "views": [
   {
    "label": "Ground truth",
    "subject": false,
    "metrics": ""
   },
   {
    "label": "LR input",
    "subject": false,
    "metrics": ""
   },
   {
    "label": "Bicubic",
    "subject": false,
    "metrics": "35.09 / 0.9641"
   },
   {
    "label": "SRCNN",
    "subject": false,
    "metrics": "37.11 / 0.9731"
   },
   {
    "label": "DRCN",
    "subject": false,
    "metrics": "40.15 / 0.9822"
   },
   {
    "label": "DASR",
    "subject": false,
    "metrics": "42.02 / 0.9867"
   },
   {
    "label": "DPSR",
    "subject": false,
    "metrics": "38.99 / 0.9799"
   },
   {
    "label": "PAN",
    "subject": false,
    "metrics": "42.44 / 0.9873"
   },
   {
    "label": "LAPAR-A",
    "subject": false,
    "metrics": "41.73 / 0.9861"
   },
   {
    "label": "DeFiAN-S",
    "subject": false,
    "metrics": "41.63 / 0.9855"
   },
   {
    "label": "DRSAN-48m",
    "subject": false,
    "metrics": "42.06 / 0.9864"
   },
   {
    "label": "A2F-S",
    "subject": false,
    "metrics": "42.20 / 0.9869"
   },
   {
    "label": "VDSR",
    "subject": false,
    "metrics": "40.08 / 0.9820"
   },
   {
    "label": "LapSRN",
    "subject": false,
    "metrics": "41.81 / 0.9859"
   },
   {
    "label": "MSRN",
    "subject": false,
    "metrics": "41.20 / 0.9852"
   },
   {
    "label": "IDN",
    "subject": false,
    "metrics": "42.10 / 0.9867"
   },
   {
    "label": "MESR",
    "subject": true,
    "metrics": "41.13 / 0.9848"
   }
  ]
 },
 {
  "key": "bsd100-210088-x3",
  "image": "210088 (BSD100)",
  "scale": 3,
  "region": [
   144,
   216,
   72,
   48
  ],
  "whole": [
   321,
   480
  ],
  "overview": "assets/excerpts/bsd100-210088.webp",
  "chosen": "where bicubic interpolation has the largest error, whatever the networks do there",
  "views": [
   {
    "label": "Ground truth",
    "subject": false,
    "metrics": ""
   },
   {
    "label": "LR input",
    "subject": false,
    "metrics": ""
   },
   {
    "label": "Bicubic",
    "subject": false,
    "metrics": "31.33 / 0.9143"
   },
   {
    "label": "SRCNN",
    "subject": false,
    "metrics": "32.66 / 0.9268"
   },
   {
    "label": "DRCN",
    "subject": false,
    "metrics": "34.90 / 0.9506"
   },
   {
    "label": "DASR",
    "subject": false,
    "metrics": "36.64 / 0.9647"
   },
   {
    "label": "DPSR",
    "subject": false,
    "metrics": "34.39 / 0.9464"
   },
   {
    "label": "PAN",
    "subject": false,
    "metrics": "37.34 / 0.9687"
   },
   {
    "label": "LAPAR-A",
    "subject": false,
    "metrics": "36.97 / 0.9658"
   },
   {
    "label": "DeFiAN-S",
    "subject": false,
    "metrics": "36.72 / 0.9645"
   },
   {
    "label": "DRSAN-48m",
    "subject": false,
    "metrics": "36.73 / 0.9650"
   },
   {
    "label": "A2F-S",
    "subject": false,
    "metrics": "36.92 / 0.9658"
   },
   {
    "label": "VDSR",
    "subject": false,
    "metrics": "34.61 / 0.9468"
   },
   {
    "label": "LapSRN",
    "subject": false,
    "metrics": "37.44 / 0.9681"
   },
   {
    "label": "MSRN",
    "subject": false,
    "metrics": "35.73 / 0.9596"
   },
   {
    "label": "IDN",
    "subject": false,
    "metrics": "37.23 / 0.9681"
   },
   {
    "label": "MESR",
    "subject": true,
    "metrics": "35.69 / 0.9577"
   }
  ]
 },
 {
  "key": "bsd100-210088-x4",
  "image": "210088 (BSD100)",
  "scale": 4,
  "region": [
   144,
   216,
   72,
   48
  ],
  "whole": [
   320,
   480
  ],
  "overview": "assets/excerpts/bsd100-210088.webp",
  "chosen": "where bicubic interpolation has the largest error, whatever the networks do there",
  "views": [
   {
    "label": "Ground truth",
    "subject": false,
    "metrics": ""
   },
   {
    "label": "LR input",
    "subject": false,
    "metrics": ""
   },
   {
    "label": "Bicubic",
    "subject": false,
    "metrics": "29.15 / 0.8600"
   },
   {
    "label": "SRCNN",
    "subject": false,
    "metrics": "30.15 / 0.8732"
   },
   {
    "label": "DRCN",
    "subject": false,
    "metrics": "31.47 / 0.8997"
   },
   {
    "label": "DASR",
    "subject": false,
    "metrics": "33.09 / 0.9300"
   },
   {
    "label": "DPSR",
    "subject": false,
    "metrics": "31.68 / 0.9056"
   },
   {
    "label": "PAN",
    "subject": false,
    "metrics": "34.00 / 0.9398"
   },
   {
    "label": "LAPAR-A",
    "subject": false,
    "metrics": "33.60 / 0.9321"
   },
   {
    "label": "DeFiAN-S",
    "subject": false,
    "metrics": "33.04 / 0.9282"
   },
   {
    "label": "DRSAN-48m",
    "subject": false,
    "metrics": "33.47 / 0.9325"
   },
   {
    "label": "A2F-S",
    "subject": false,
    "metrics": "33.55 / 0.9343"
   },
   {
    "label": "VDSR",
    "subject": false,
    "metrics": "31.61 / 0.9030"
   },
   {
    "label": "LapSRN",
    "subject": false,
    "metrics": "34.14 / 0.9401"
   },
   {
    "label": "MSRN",
    "subject": false,
    "metrics": "32.48 / 0.9198"
   },
   {
    "label": "IDN",
    "subject": false,
    "metrics": "34.16 / 0.9417"
   },
   {
    "label": "MESR",
    "subject": true,
    "metrics": "32.55 / 0.9192"
   },
   {
    "label": "MESR, Single-scale 3x3",
    "subject": false,
    "metrics": "31.94 / 0.9097"
   },
   {
    "label": "MESR, MSFEB only",
    "subject": false,
    "metrics": "32.28 / 0.9157"
   },
   {
    "label": "MESR, without RB",
    "subject": false,
    "metrics": "32.10 / 0.9140"
   },
   {
    "label": "MESR, RB\u2020",
    "subject": false,
    "metrics": "32.43 / 0.9170"
   }
  ]
 },
 {
  "key": "set14-barbara-x2",
  "image": "barbara (Set14)",
  "scale": 2,
  "region": [
   432,
   252,
   72,
   48
  ],
  "whole": [
   720,
   576
  ],
  "overview": "assets/excerpts/set14-barbara.webp",
  "chosen": "where bicubic interpolation has the largest error, whatever the networks do there",
  "views": [
   {
    "label": "Ground truth",
    "subject": false,
    "metrics": ""
   },
   {
    "label": "LR input",
    "subject": false,
    "metrics": ""
   },
   {
    "label": "Bicubic",
    "subject": false,
    "metrics": "28.00 / 0.8419"
   },
   {
    "label": "SRCNN",
    "subject": false,
    "metrics": "28.55 / 0.8714"
   },
   {
    "label": "DRCN",
    "subject": false,
    "metrics": "28.60 / 0.8752"
   },
   {
    "label": "DASR",
    "subject": false,
    "metrics": "28.54 / 0.8774"
   },
   {
    "label": "DPSR",
    "subject": false,
    "metrics": "28.64 / 0.8743"
   },
   {
    "label": "PAN",
    "subject": false,
    "metrics": "28.33 / 0.8762"
   },
   {
    "label": "LAPAR-A",
    "subject": false,
    "metrics": "28.39 / 0.8751"
   },
   {
    "label": "DeFiAN-S",
    "subject": false,
    "metrics": "28.34 / 0.8751"
   },
   {
    "label": "DRSAN-48m",
    "subject": false,
    "metrics": "28.39 / 0.8754"
   },
   {
    "label": "A2F-S",
    "subject": false,
    "metrics": "28.39 / 0.8769"
   },
   {
    "label": "VDSR",
    "subject": false,
    "metrics": "28.56 / 0.8735"
   },
   {
    "label": "LapSRN",
    "subject": false,
    "metrics": "28.51 / 0.8763"
   },
   {
    "label": "MSRN",
    "subject": false,
    "metrics": "28.49 / 0.8745"
   },
   {
    "label": "IDN",
    "subject": false,
    "metrics": "28.32 / 0.8747"
   },
   {
    "label": "MESR",
    "subject": true,
    "metrics": "28.56 / 0.8751"
   }
  ]
 },
 {
  "key": "set14-barbara-x3",
  "image": "barbara (Set14)",
  "scale": 3,
  "region": [
   432,
   252,
   72,
   48
  ],
  "whole": [
   720,
   576
  ],
  "overview": "assets/excerpts/set14-barbara.webp",
  "chosen": "where bicubic interpolation has the largest error, whatever the networks do there",
  "views": [
   {
    "label": "Ground truth",
    "subject": false,
    "metrics": ""
   },
   {
    "label": "LR input",
    "subject": false,
    "metrics": ""
   },
   {
    "label": "Bicubic",
    "subject": false,
    "metrics": "26.25 / 0.7539"
   },
   {
    "label": "SRCNN",
    "subject": false,
    "metrics": "26.80 / 0.7829"
   },
   {
    "label": "DRCN",
    "subject": false,
    "metrics": "26.58 / 0.7803"
   },
   {
    "label": "DASR",
    "subject": false,
    "metrics": "26.59 / 0.7842"
   },
   {
    "label": "DPSR",
    "subject": false,
    "metrics": "26.82 / 0.7855"
   },
   {
    "label": "PAN",
    "subject": false,
    "metrics": "26.39 / 0.7828"
   },
   {
    "label": "LAPAR-A",
    "subject": false,
    "metrics": "26.55 / 0.7842"
   },
   {
    "label": "DeFiAN-S",
    "subject": false,
    "metrics": "26.48 / 0.7819"
   },
   {
    "label": "DRSAN-48m",
    "subject": false,
    "metrics": "26.59 / 0.7840"
   },
   {
    "label": "A2F-S",
    "subject": false,
    "metrics": "26.46 / 0.7820"
   },
   {
    "label": "VDSR",
    "subject": false,
    "metrics": "26.65 / 0.7815"
   },
   {
    "label": "LapSRN",
    "subject": false,
    "metrics": "26.45 / 0.7812"
   },
   {
    "label": "MSRN",
    "subject": false,
    "metrics": "26.57 / 0.7812"
   },
   {
    "label": "IDN",
    "subject": false,
    "metrics": "26.55 / 0.7837"
   },
   {
    "label": "MESR",
    "subject": true,
    "metrics": "26.70 / 0.7843"
   }
  ]
 },
 {
  "key": "set14-barbara-x4",
  "image": "barbara (Set14)",
  "scale": 4,
  "region": [
   432,
   252,
   72,
   48
  ],
  "whole": [
   720,
   576
  ],
  "overview": "assets/excerpts/set14-barbara.webp",
  "chosen": "where bicubic interpolation has the largest error, whatever the networks do there",
  "views": [
   {
    "label": "Ground truth",
    "subject": false,
    "metrics": ""
   },
   {
    "label": "LR input",
    "subject": false,
    "metrics": ""
   },
   {
    "label": "Bicubic",
    "subject": false,
    "metrics": "25.15 / 0.6871"
   },
   {
    "label": "SRCNN",
    "subject": false,
    "metrics": "25.61 / 0.7171"
   },
   {
    "label": "DRCN",
    "subject": false,
    "metrics": "25.69 / 0.7221"
   },
   {
    "label": "DASR",
    "subject": false,
    "metrics": "25.81 / 0.7341"
   },
   {
    "label": "DPSR",
    "subject": false,
    "metrics": "25.72 / 0.7275"
   },
   {
    "label": "PAN",
    "subject": false,
    "metrics": "25.74 / 0.7375"
   },
   {
    "label": "LAPAR-A",
    "subject": false,
    "metrics": "25.75 / 0.7321"
   },
   {
    "label": "DeFiAN-S",
    "subject": false,
    "metrics": "25.77 / 0.7339"
   },
   {
    "label": "DRSAN-48m",
    "subject": false,
    "metrics": "25.77 / 0.7344"
   },
   {
    "label": "A2F-S",
    "subject": false,
    "metrics": "25.79 / 0.7368"
   },
   {
    "label": "VDSR",
    "subject": false,
    "metrics": "25.68 / 0.7220"
   },
   {
    "label": "LapSRN",
    "subject": false,
    "metrics": "25.75 / 0.7359"
   },
   {
    "label": "MSRN",
    "subject": false,
    "metrics": "25.75 / 0.7313"
   },
   {
    "label": "IDN",
    "subject": false,
    "metrics": "25.77 / 0.7354"
   },
   {
    "label": "MESR",
    "subject": true,
    "metrics": "25.81 / 0.7311"
   },
   {
    "label": "MESR, Single-scale 3x3",
    "subject": false,
    "metrics": "25.75 / 0.7273"
   },
   {
    "label": "MESR, MSFEB only",
    "subject": false,
    "metrics": "25.78 / 0.7298"
   },
   {
    "label": "MESR, without RB",
    "subject": false,
    "metrics": "25.75 / 0.7277"
   },
   {
    "label": "MESR, RB\u2020",
    "subject": false,
    "metrics": "25.74 / 0.7296"
   }
  ]
 },
 {
  "key": "set14-zebra-x2",
  "image": "zebra (Set14)",
  "scale": 2,
  "region": [
   360,
   156,
   72,
   48
  ],
  "whole": [
   586,
   390
  ],
  "overview": "assets/excerpts/set14-zebra.webp",
  "chosen": "where bicubic interpolation has the largest error, whatever the networks do there",
  "views": [
   {
    "label": "Ground truth",
    "subject": false,
    "metrics": ""
   },
   {
    "label": "LR input",
    "subject": false,
    "metrics": ""
   },
   {
    "label": "Bicubic",
    "subject": false,
    "metrics": "30.66 / 0.9093"
   },
   {
    "label": "SRCNN",
    "subject": false,
    "metrics": "32.53 / 0.9382"
   },
   {
    "label": "DRCN",
    "subject": false,
    "metrics": "33.30 / 0.9399"
   },
   {
    "label": "DASR",
    "subject": false,
    "metrics": "34.12 / 0.9448"
   },
   {
    "label": "DPSR",
    "subject": false,
    "metrics": "33.42 / 0.9421"
   },
   {
    "label": "PAN",
    "subject": false,
    "metrics": "34.09 / 0.9450"
   },
   {
    "label": "LAPAR-A",
    "subject": false,
    "metrics": "33.52 / 0.9422"
   },
   {
    "label": "DeFiAN-S",
    "subject": false,
    "metrics": "33.56 / 0.9432"
   },
   {
    "label": "DRSAN-48m",
    "subject": false,
    "metrics": "33.89 / 0.9439"
   },
   {
    "label": "A2F-S",
    "subject": false,
    "metrics": "34.03 / 0.9447"
   },
   {
    "label": "VDSR",
    "subject": false,
    "metrics": "33.17 / 0.9394"
   },
   {
    "label": "LapSRN",
    "subject": false,
    "metrics": "33.69 / 0.9423"
   },
   {
    "label": "MSRN",
    "subject": false,
    "metrics": "33.86 / 0.9433"
   },
   {
    "label": "IDN",
    "subject": false,
    "metrics": "33.86 / 0.9439"
   },
   {
    "label": "MESR",
    "subject": true,
    "metrics": "33.59 / 0.9426"
   }
  ]
 },
 {
  "key": "set14-zebra-x3",
  "image": "zebra (Set14)",
  "scale": 3,
  "region": [
   360,
   156,
   72,
   48
  ],
  "whole": [
   585,
   390
  ],
  "overview": "assets/excerpts/set14-zebra.webp",
  "chosen": "where bicubic interpolation has the largest error, whatever the networks do there",
  "views": [
   {
    "label": "Ground truth",
    "subject": false,
    "metrics": ""
   },
   {
    "label": "LR input",
    "subject": false,
    "metrics": ""
   },
   {
    "label": "Bicubic",
    "subject": false,
    "metrics": "26.63 / 0.7957"
   },
   {
    "label": "SRCNN",
    "subject": false,
    "metrics": "28.15 / 0.8405"
   },
   {
    "label": "DRCN",
    "subject": false,
    "metrics": "28.83 / 0.8429"
   },
   {
    "label": "DASR",
    "subject": false,
    "metrics": "29.38 / 0.8557"
   },
   {
    "label": "DPSR",
    "subject": false,
    "metrics": "28.72 / 0.8485"
   },
   {
    "label": "PAN",
    "subject": false,
    "metrics": "29.31 / 0.8566"
   },
   {
    "label": "LAPAR-A",
    "subject": false,
    "metrics": "29.06 / 0.8523"
   },
   {
    "label": "DeFiAN-S",
    "subject": false,
    "metrics": "29.12 / 0.8543"
   },
   {
    "label": "DRSAN-48m",
    "subject": false,
    "metrics": "29.44 / 0.8551"
   },
   {
    "label": "A2F-S",
    "subject": false,
    "metrics": "29.40 / 0.8568"
   },
   {
    "label": "VDSR",
    "subject": false,
    "metrics": "28.75 / 0.8434"
   },
   {
    "label": "LapSRN",
    "subject": false,
    "metrics": "29.41 / 0.8554"
   },
   {
    "label": "MSRN",
    "subject": false,
    "metrics": "29.33 / 0.8538"
   },
   {
    "label": "IDN",
    "subject": false,
    "metrics": "29.46 / 0.8552"
   },
   {
    "label": "MESR",
    "subject": true,
    "metrics": "29.08 / 0.8509"
   }
  ]
 },
 {
  "key": "set14-zebra-x4",
  "image": "zebra (Set14)",
  "scale": 4,
  "region": [
   360,
   156,
   72,
   48
  ],
  "whole": [
   584,
   388
  ],
  "overview": "assets/excerpts/set14-zebra.webp",
  "chosen": "where bicubic interpolation has the largest error, whatever the networks do there",
  "views": [
   {
    "label": "Ground truth",
    "subject": false,
    "metrics": ""
   },
   {
    "label": "LR input",
    "subject": false,
    "metrics": ""
   },
   {
    "label": "Bicubic",
    "subject": false,
    "metrics": "24.07 / 0.6852"
   },
   {
    "label": "SRCNN",
    "subject": false,
    "metrics": "25.34 / 0.7380"
   },
   {
    "label": "DRCN",
    "subject": false,
    "metrics": "25.79 / 0.7406"
   },
   {
    "label": "DASR",
    "subject": false,
    "metrics": "26.51 / 0.7619"
   },
   {
    "label": "DPSR",
    "subject": false,
    "metrics": "25.99 / 0.7544"
   },
   {
    "label": "PAN",
    "subject": false,
    "metrics": "26.59 / 0.7665"
   },
   {
    "label": "LAPAR-A",
    "subject": false,
    "metrics": "26.30 / 0.7570"
   },
   {
    "label": "DeFiAN-S",
    "subject": false,
    "metrics": "26.40 / 0.7601"
   },
   {
    "label": "DRSAN-48m",
    "subject": false,
    "metrics": "26.48 / 0.7612"
   },
   {
    "label": "A2F-S",
    "subject": false,
    "metrics": "26.54 / 0.7657"
   },
   {
    "label": "VDSR",
    "subject": false,
    "metrics": "25.84 / 0.7431"
   },
   {
    "label": "LapSRN",
    "subject": false,
    "metrics": "26.52 / 0.7625"
   },
   {
    "label": "MSRN",
    "subject": false,
    "metrics": "26.17 / 0.7556"
   },
   {
    "label": "IDN",
    "subject": false,
    "metrics": "26.68 / 0.7636"
   },
   {
    "label": "MESR",
    "subject": true,
    "metrics": "26.13 / 0.7535"
   },
   {
    "label": "MESR, Single-scale 3x3",
    "subject": false,
    "metrics": "26.04 / 0.7525"
   },
   {
    "label": "MESR, MSFEB only",
    "subject": false,
    "metrics": "26.08 / 0.7529"
   },
   {
    "label": "MESR, without RB",
    "subject": false,
    "metrics": "26.06 / 0.7526"
   },
   {
    "label": "MESR, RB\u2020",
    "subject": false,
    "metrics": "26.03 / 0.7509"
   }
  ]
 },
 {
  "key": "urban100-img-012-x2",
  "image": "img_012 (Urban100)",
  "scale": 2,
  "region": [
   408,
   708,
   72,
   48
  ],
  "whole": [
   1024,
   768
  ],
  "overview": "assets/excerpts/urban100-img-012.webp",
  "chosen": "where bicubic interpolation has the largest error, whatever the networks do there",
  "views": [
   {
    "label": "Ground truth",
    "subject": false,
    "metrics": ""
   },
   {
    "label": "LR input",
    "subject": false,
    "metrics": ""
   },
   {
    "label": "Bicubic",
    "subject": false,
    "metrics": "25.33 / 0.8042"
   },
   {
    "label": "SRCNN",
    "subject": false,
    "metrics": "26.13 / 0.8420"
   },
   {
    "label": "DRCN",
    "subject": false,
    "metrics": "26.54 / 0.8603"
   },
   {
    "label": "DASR",
    "subject": false,
    "metrics": "26.96 / 0.8746"
   },
   {
    "label": "DPSR",
    "subject": false,
    "metrics": "26.31 / 0.8480"
   },
   {
    "label": "PAN",
    "subject": false,
    "metrics": "27.17 / 0.8834"
   },
   {
    "label": "LAPAR-A",
    "subject": false,
    "metrics": "26.83 / 0.8703"
   },
   {
    "label": "DeFiAN-S",
    "subject": false,
    "metrics": "26.95 / 0.8747"
   },
   {
    "label": "DRSAN-48m",
    "subject": false,
    "metrics": "26.96 / 0.8757"
   },
   {
    "label": "A2F-S",
    "subject": false,
    "metrics": "27.02 / 0.8774"
   },
   {
    "label": "VDSR",
    "subject": false,
    "metrics": "26.55 / 0.8606"
   },
   {
    "label": "LapSRN",
    "subject": false,
    "metrics": "26.91 / 0.8726"
   },
   {
    "label": "MSRN",
    "subject": false,
    "metrics": "26.73 / 0.8666"
   },
   {
    "label": "IDN",
    "subject": false,
    "metrics": "26.99 / 0.8764"
   },
   {
    "label": "MESR",
    "subject": true,
    "metrics": "26.69 / 0.8661"
   }
  ]
 },
 {
  "key": "urban100-img-012-x3",
  "image": "img_012 (Urban100)",
  "scale": 3,
  "region": [
   408,
   708,
   72,
   48
  ],
  "whole": [
   1023,
   768
  ],
  "overview": "assets/excerpts/urban100-img-012.webp",
  "chosen": "where bicubic interpolation has the largest error, whatever the networks do there",
  "views": [
   {
    "label": "Ground truth",
    "subject": false,
    "metrics": ""
   },
   {
    "label": "LR input",
    "subject": false,
    "metrics": ""
   },
   {
    "label": "Bicubic",
    "subject": false,
    "metrics": "23.45 / 0.6902"
   },
   {
    "label": "SRCNN",
    "subject": false,
    "metrics": "23.86 / 0.7232"
   },
   {
    "label": "DRCN",
    "subject": false,
    "metrics": "24.10 / 0.7422"
   },
   {
    "label": "DASR",
    "subject": false,
    "metrics": "24.23 / 0.7588"
   },
   {
    "label": "DPSR",
    "subject": false,
    "metrics": "23.97 / 0.7326"
   },
   {
    "label": "PAN",
    "subject": false,
    "metrics": "24.38 / 0.7744"
   },
   {
    "label": "LAPAR-A",
    "subject": false,
    "metrics": "24.29 / 0.7598"
   },
   {
    "label": "DeFiAN-S",
    "subject": false,
    "metrics": "24.22 / 0.7609"
   },
   {
    "label": "DRSAN-48m",
    "subject": false,
    "metrics": "24.27 / 0.7601"
   },
   {
    "label": "A2F-S",
    "subject": false,
    "metrics": "24.31 / 0.7655"
   },
   {
    "label": "VDSR",
    "subject": false,
    "metrics": "24.10 / 0.7417"
   },
   {
    "label": "LapSRN",
    "subject": false,
    "metrics": "24.33 / 0.7649"
   },
   {
    "label": "MSRN",
    "subject": false,
    "metrics": "24.17 / 0.7520"
   },
   {
    "label": "IDN",
    "subject": false,
    "metrics": "24.30 / 0.7631"
   },
   {
    "label": "MESR",
    "subject": true,
    "metrics": "24.15 / 0.7505"
   }
  ]
 },
 {
  "key": "urban100-img-012-x4",
  "image": "img_012 (Urban100)",
  "scale": 4,
  "region": [
   408,
   708,
   72,
   48
  ],
  "whole": [
   1024,
   768
  ],
  "overview": "assets/excerpts/urban100-img-012.webp",
  "chosen": "where bicubic interpolation has the largest error, whatever the networks do there",
  "views": [
   {
    "label": "Ground truth",
    "subject": false,
    "metrics": ""
   },
   {
    "label": "LR input",
    "subject": false,
    "metrics": ""
   },
   {
    "label": "Bicubic",
    "subject": false,
    "metrics": "22.54 / 0.6137"
   },
   {
    "label": "SRCNN",
    "subject": false,
    "metrics": "22.86 / 0.6425"
   },
   {
    "label": "DRCN",
    "subject": false,
    "metrics": "23.03 / 0.6592"
   },
   {
    "label": "DASR",
    "subject": false,
    "metrics": "23.25 / 0.6778"
   },
   {
    "label": "DPSR",
    "subject": false,
    "metrics": "23.00 / 0.6558"
   },
   {
    "label": "PAN",
    "subject": false,
    "metrics": "23.35 / 0.6931"
   },
   {
    "label": "LAPAR-A",
    "subject": false,
    "metrics": "23.23 / 0.6745"
   },
   {
    "label": "DeFiAN-S",
    "subject": false,
    "metrics": "23.23 / 0.6789"
   },
   {
    "label": "DRSAN-48m",
    "subject": false,
    "metrics": "23.27 / 0.6798"
   },
   {
    "label": "A2F-S",
    "subject": false,
    "metrics": "23.30 / 0.6867"
   },
   {
    "label": "VDSR",
    "subject": false,
    "metrics": "23.05 / 0.6600"
   },
   {
    "label": "LapSRN",
    "subject": false,
    "metrics": "23.33 / 0.6855"
   },
   {
    "label": "MSRN",
    "subject": false,
    "metrics": "23.16 / 0.6696"
   },
   {
    "label": "IDN",
    "subject": false,
    "metrics": "23.34 / 0.6857"
   },
   {
    "label": "MESR",
    "subject": true,
    "metrics": "23.13 / 0.6659"
   },
   {
    "label": "MESR, Single-scale 3x3",
    "subject": false,
    "metrics": "23.07 / 0.6609"
   },
   {
    "label": "MESR, MSFEB only",
    "subject": false,
    "metrics": "23.07 / 0.6627"
   },
   {
    "label": "MESR, without RB",
    "subject": false,
    "metrics": "23.11 / 0.6645"
   },
   {
    "label": "MESR, RB\u2020",
    "subject": false,
    "metrics": "23.14 / 0.6667"
   }
  ]
 }
];
