window.reportVerified = {"reproduced": false, "sentence": "cannot be compared: commit HEAD is of profile quick, params.yaml here of profile modules."};
