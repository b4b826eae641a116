"""What holds for every profile, source, log, archive and importer: suites to import and to run against one's own."""
