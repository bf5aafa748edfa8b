//! Response formats: each model at each step.
