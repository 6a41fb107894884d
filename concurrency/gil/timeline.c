int timeline_unused;
