window.reportExcerpts = [
 {
  "key": "bsd100-210088-x4",
  "image": "210088 (BSD100)",
  "scale": 4,
  "region": [
   144,
   204,
   144,
   108
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
    "mesr": false,
    "metrics": ""
   },
   {
    "label": "LR input",
    "mesr": false,
    "metrics": ""
   },
   {
    "label": "Bicubic",
    "mesr": false,
    "metrics": "29.15 / 0.8600"
   },
   {
    "label": "SRCNN",
    "mesr": false,
    "metrics": "30.15 / 0.8732"
   },
   {
    "label": "VDSR",
    "mesr": false,
    "metrics": "31.61 / 0.9030"
   },
   {
    "label": "LapSRN",
    "mesr": false,
    "metrics": "34.14 / 0.9401"
   },
   {
    "label": "DRCN",
    "mesr": false,
    "metrics": "31.47 / 0.8997"
   },
   {
    "label": "IDN",
    "mesr": false,
    "metrics": "34.16 / 0.9417"
   },
   {
    "label": "DASR",
    "mesr": false,
    "metrics": "33.09 / 0.9300"
   },
   {
    "label": "DPSR",
    "mesr": false,
    "metrics": "31.68 / 0.9056"
   },
   {
    "label": "PAN",
    "mesr": false,
    "metrics": "34.00 / 0.9398"
   },
   {
    "label": "LAPAR-A",
    "mesr": false,
    "metrics": "33.60 / 0.9321"
   },
   {
    "label": "DeFiAN-S",
    "mesr": false,
    "metrics": "33.04 / 0.9282"
   },
   {
    "label": "MSRN",
    "mesr": false,
    "metrics": "32.48 / 0.9198"
   },
   {
    "label": "DRSAN-48m",
    "mesr": false,
    "metrics": "33.47 / 0.9325"
   },
   {
    "label": "A2F-S",
    "mesr": false,
    "metrics": "33.55 / 0.9343"
   },
   {
    "label": "MESR",
    "mesr": true,
    "metrics": "32.55 / 0.9192"
   },
   {
    "label": "Single-scale 3x3",
    "mesr": false,
    "metrics": "31.94 / 0.9097"
   },
   {
    "label": "+ MSFEB",
    "mesr": false,
    "metrics": "32.28 / 0.9157"
   },
   {
    "label": "MESR without RB",
    "mesr": false,
    "metrics": "32.10 / 0.9140"
   },
   {
    "label": "RB\u2020",
    "mesr": false,
    "metrics": "32.43 / 0.9170"
   }
  ]
 },
 {
  "key": "set14-barbara-x4",
  "image": "barbara (Set14)",
  "scale": 4,
  "region": [
   420,
   216,
   144,
   108
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
    "mesr": false,
    "metrics": ""
   },
   {
    "label": "LR input",
    "mesr": false,
    "metrics": ""
   },
   {
    "label": "Bicubic",
    "mesr": false,
    "metrics": "25.15 / 0.6871"
   },
   {
    "label": "SRCNN",
    "mesr": false,
    "metrics": "25.61 / 0.7171"
   },
   {
    "label": "VDSR",
    "mesr": false,
    "metrics": "25.68 / 0.7220"
   },
   {
    "label": "LapSRN",
    "mesr": false,
    "metrics": "25.75 / 0.7359"
   },
   {
    "label": "DRCN",
    "mesr": false,
    "metrics": "25.69 / 0.7221"
   },
   {
    "label": "IDN",
    "mesr": false,
    "metrics": "25.77 / 0.7354"
   },
   {
    "label": "DASR",
    "mesr": false,
    "metrics": "25.81 / 0.7341"
   },
   {
    "label": "DPSR",
    "mesr": false,
    "metrics": "25.72 / 0.7275"
   },
   {
    "label": "PAN",
    "mesr": false,
    "metrics": "25.74 / 0.7375"
   },
   {
    "label": "LAPAR-A",
    "mesr": false,
    "metrics": "25.75 / 0.7321"
   },
   {
    "label": "DeFiAN-S",
    "mesr": false,
    "metrics": "25.77 / 0.7339"
   },
   {
    "label": "MSRN",
    "mesr": false,
    "metrics": "25.75 / 0.7313"
   },
   {
    "label": "DRSAN-48m",
    "mesr": false,
    "metrics": "25.77 / 0.7344"
   },
   {
    "label": "A2F-S",
    "mesr": false,
    "metrics": "25.79 / 0.7368"
   },
   {
    "label": "MESR",
    "mesr": true,
    "metrics": "25.81 / 0.7311"
   },
   {
    "label": "Single-scale 3x3",
    "mesr": false,
    "metrics": "25.75 / 0.7273"
   },
   {
    "label": "+ MSFEB",
    "mesr": false,
    "metrics": "25.78 / 0.7298"
   },
   {
    "label": "MESR without RB",
    "mesr": false,
    "metrics": "25.75 / 0.7277"
   },
   {
    "label": "RB\u2020",
    "mesr": false,
    "metrics": "25.74 / 0.7296"
   }
  ]
 },
 {
  "key": "set14-zebra-x4",
  "image": "zebra (Set14)",
  "scale": 4,
  "region": [
   372,
   144,
   144,
   108
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
    "mesr": false,
    "metrics": ""
   },
   {
    "label": "LR input",
    "mesr": false,
    "metrics": ""
   },
   {
    "label": "Bicubic",
    "mesr": false,
    "metrics": "24.07 / 0.6852"
   },
   {
    "label": "SRCNN",
    "mesr": false,
    "metrics": "25.34 / 0.7380"
   },
   {
    "label": "VDSR",
    "mesr": false,
    "metrics": "25.84 / 0.7431"
   },
   {
    "label": "LapSRN",
    "mesr": false,
    "metrics": "26.52 / 0.7625"
   },
   {
    "label": "DRCN",
    "mesr": false,
    "metrics": "25.79 / 0.7406"
   },
   {
    "label": "IDN",
    "mesr": false,
    "metrics": "26.68 / 0.7636"
   },
   {
    "label": "DASR",
    "mesr": false,
    "metrics": "26.51 / 0.7619"
   },
   {
    "label": "DPSR",
    "mesr": false,
    "metrics": "25.99 / 0.7544"
   },
   {
    "label": "PAN",
    "mesr": false,
    "metrics": "26.59 / 0.7665"
   },
   {
    "label": "LAPAR-A",
    "mesr": false,
    "metrics": "26.30 / 0.7570"
   },
   {
    "label": "DeFiAN-S",
    "mesr": false,
    "metrics": "26.40 / 0.7601"
   },
   {
    "label": "MSRN",
    "mesr": false,
    "metrics": "26.17 / 0.7556"
   },
   {
    "label": "DRSAN-48m",
    "mesr": false,
    "metrics": "26.48 / 0.7612"
   },
   {
    "label": "A2F-S",
    "mesr": false,
    "metrics": "26.54 / 0.7657"
   },
   {
    "label": "MESR",
    "mesr": true,
    "metrics": "26.13 / 0.7535"
   },
   {
    "label": "Single-scale 3x3",
    "mesr": false,
    "metrics": "26.04 / 0.7525"
   },
   {
    "label": "+ MSFEB",
    "mesr": false,
    "metrics": "26.08 / 0.7529"
   },
   {
    "label": "MESR without RB",
    "mesr": false,
    "metrics": "26.06 / 0.7526"
   },
   {
    "label": "RB\u2020",
    "mesr": false,
    "metrics": "26.03 / 0.7509"
   }
  ]
 },
 {
  "key": "urban100-img-012-x4",
  "image": "img_012 (Urban100)",
  "scale": 4,
  "region": [
   396,
   660,
   144,
   108
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
    "mesr": false,
    "metrics": ""
   },
   {
    "label": "LR input",
    "mesr": false,
    "metrics": ""
   },
   {
    "label": "Bicubic",
    "mesr": false,
    "metrics": "22.54 / 0.6137"
   },
   {
    "label": "SRCNN",
    "mesr": false,
    "metrics": "22.86 / 0.6425"
   },
   {
    "label": "VDSR",
    "mesr": false,
    "metrics": "23.05 / 0.6600"
   },
   {
    "label": "LapSRN",
    "mesr": false,
    "metrics": "23.33 / 0.6855"
   },
   {
    "label": "DRCN",
    "mesr": false,
    "metrics": "23.03 / 0.6592"
   },
   {
    "label": "IDN",
    "mesr": false,
    "metrics": "23.34 / 0.6857"
   },
   {
    "label": "DASR",
    "mesr": false,
    "metrics": "23.25 / 0.6778"
   },
   {
    "label": "DPSR",
    "mesr": false,
    "metrics": "23.00 / 0.6558"
   },
   {
    "label": "PAN",
    "mesr": false,
    "metrics": "23.35 / 0.6931"
   },
   {
    "label": "LAPAR-A",
    "mesr": false,
    "metrics": "23.23 / 0.6745"
   },
   {
    "label": "DeFiAN-S",
    "mesr": false,
    "metrics": "23.23 / 0.6789"
   },
   {
    "label": "MSRN",
    "mesr": false,
    "metrics": "23.16 / 0.6696"
   },
   {
    "label": "DRSAN-48m",
    "mesr": false,
    "metrics": "23.27 / 0.6798"
   },
   {
    "label": "A2F-S",
    "mesr": false,
    "metrics": "23.30 / 0.6867"
   },
   {
    "label": "MESR",
    "mesr": true,
    "metrics": "23.13 / 0.6659"
   },
   {
    "label": "Single-scale 3x3",
    "mesr": false,
    "metrics": "23.07 / 0.6609"
   },
   {
    "label": "+ MSFEB",
    "mesr": false,
    "metrics": "23.07 / 0.6627"
   },
   {
    "label": "MESR without RB",
    "mesr": false,
    "metrics": "23.11 / 0.6645"
   },
   {
    "label": "RB\u2020",
    "mesr": false,
    "metrics": "23.14 / 0.6667"
   }
  ]
 }
];
