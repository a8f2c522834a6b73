window.reportExcerpts = [
 {
  "key": "bsd100-210088-x4",
  "image": "210088 (BSD100)",
  "scale": 4,
  "region": [
   144,
   156,
   156,
   144
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
    "label": "MESR",
    "subject": true,
    "metrics": "32.54 / 0.9195"
   },
   {
    "label": "MESR, without RB",
    "subject": false,
    "metrics": "32.39 / 0.9180"
   },
   {
    "label": "MESR, gate starts closed",
    "subject": false,
    "metrics": "32.33 / 0.9165"
   },
   {
    "label": "MESR, without RB, other initial weights",
    "subject": false,
    "metrics": "31.95 / 0.9104"
   },
   {
    "label": "MESR, without RB, loss doubled",
    "subject": false,
    "metrics": "32.47 / 0.9201"
   },
   {
    "label": "MESR, mean put back after RB",
    "subject": false,
    "metrics": "33.00 / 0.9269"
   }
  ]
 },
 {
  "key": "set14-barbara-x4",
  "image": "barbara (Set14)",
  "scale": 4,
  "region": [
   408,
   216,
   192,
   144
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
    "label": "MESR",
    "subject": true,
    "metrics": "25.77 / 0.7302"
   },
   {
    "label": "MESR, without RB",
    "subject": false,
    "metrics": "25.75 / 0.7283"
   },
   {
    "label": "MESR, gate starts closed",
    "subject": false,
    "metrics": "25.78 / 0.7299"
   },
   {
    "label": "MESR, without RB, other initial weights",
    "subject": false,
    "metrics": "25.76 / 0.7282"
   },
   {
    "label": "MESR, without RB, loss doubled",
    "subject": false,
    "metrics": "25.76 / 0.7292"
   },
   {
    "label": "MESR, mean put back after RB",
    "subject": false,
    "metrics": "25.79 / 0.7326"
   }
  ]
 },
 {
  "key": "set14-zebra-x4",
  "image": "zebra (Set14)",
  "scale": 4,
  "region": [
   336,
   120,
   192,
   144
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
    "label": "MESR",
    "subject": true,
    "metrics": "26.05 / 0.7522"
   },
   {
    "label": "MESR, without RB",
    "subject": false,
    "metrics": "26.15 / 0.7543"
   },
   {
    "label": "MESR, gate starts closed",
    "subject": false,
    "metrics": "26.01 / 0.7515"
   },
   {
    "label": "MESR, without RB, other initial weights",
    "subject": false,
    "metrics": "25.95 / 0.7494"
   },
   {
    "label": "MESR, without RB, loss doubled",
    "subject": false,
    "metrics": "26.04 / 0.7527"
   },
   {
    "label": "MESR, mean put back after RB",
    "subject": false,
    "metrics": "26.34 / 0.7580"
   }
  ]
 },
 {
  "key": "urban100-img-012-x4",
  "image": "img_012 (Urban100)",
  "scale": 4,
  "region": [
   396,
   624,
   192,
   144
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
    "label": "MESR",
    "subject": true,
    "metrics": "23.14 / 0.6673"
   },
   {
    "label": "MESR, without RB",
    "subject": false,
    "metrics": "23.12 / 0.6659"
   },
   {
    "label": "MESR, gate starts closed",
    "subject": false,
    "metrics": "23.10 / 0.6641"
   },
   {
    "label": "MESR, without RB, other initial weights",
    "subject": false,
    "metrics": "23.05 / 0.6587"
   },
   {
    "label": "MESR, without RB, loss doubled",
    "subject": false,
    "metrics": "23.12 / 0.6660"
   },
   {
    "label": "MESR, mean put back after RB",
    "subject": false,
    "metrics": "23.19 / 0.6729"
   }
  ]
 }
];
