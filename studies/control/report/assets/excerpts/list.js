window.reportExcerpts = [];
