window.reportExcerpts = [
 {
  "key": "bsd100-210088-x4",
  "image": "210088 (BSD100)",
  "scale": 4,
  "region": [
   144,
   144,
   156,
   156
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
    "label": "MESR, upsampler in one step, 5 blocks of 5 units",
    "subject": false,
    "metrics": "33.27 / 0.9302"
   },
   {
    "label": "MESR, upsampler in one step, 54/20 features",
    "subject": false,
    "metrics": "33.75 / 0.9353"
   },
   {
    "label": "MESR, bilinear image skip (no longer MESR)",
    "subject": false,
    "metrics": "33.42 / 0.9315"
   }
  ]
 },
 {
  "key": "set14-barbara-x4",
  "image": "barbara (Set14)",
  "scale": 4,
  "region": [
   396,
   216,
   216,
   156
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
    "label": "MESR, upsampler in one step, 5 blocks of 5 units",
    "subject": false,
    "metrics": "25.78 / 0.7337"
   },
   {
    "label": "MESR, upsampler in one step, 54/20 features",
    "subject": false,
    "metrics": "25.77 / 0.7335"
   },
   {
    "label": "MESR, bilinear image skip (no longer MESR)",
    "subject": false,
    "metrics": "25.83 / 0.7339"
   }
  ]
 },
 {
  "key": "set14-zebra-x4",
  "image": "zebra (Set14)",
  "scale": 4,
  "region": [
   312,
   96,
   216,
   156
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
    "label": "MESR, upsampler in one step, 5 blocks of 5 units",
    "subject": false,
    "metrics": "26.40 / 0.7593"
   },
   {
    "label": "MESR, upsampler in one step, 54/20 features",
    "subject": false,
    "metrics": "26.34 / 0.7598"
   },
   {
    "label": "MESR, bilinear image skip (no longer MESR)",
    "subject": false,
    "metrics": "26.39 / 0.7589"
   }
  ]
 },
 {
  "key": "urban100-img-012-x4",
  "image": "img_012 (Urban100)",
  "scale": 4,
  "region": [
   396,
   612,
   216,
   156
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
    "label": "MESR, upsampler in one step, 5 blocks of 5 units",
    "subject": false,
    "metrics": "23.24 / 0.6767"
   },
   {
    "label": "MESR, upsampler in one step, 54/20 features",
    "subject": false,
    "metrics": "23.24 / 0.6782"
   },
   {
    "label": "MESR, bilinear image skip (no longer MESR)",
    "subject": false,
    "metrics": "23.22 / 0.6746"
   }
  ]
 }
];
