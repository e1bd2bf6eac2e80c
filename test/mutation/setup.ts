import fc from "fast-check";

// Thousands of random cases for each of thousands of mutants would take days; what a property finds, it finds early.
fc.configureGlobal({ interruptAfterTimeLimit: 400, markInterruptAsFailure: false });
