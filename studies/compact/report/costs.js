window.reportCosts = "";
