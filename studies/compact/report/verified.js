window.reportVerified = null;
