//! Two projects: no endpoint shows or changes the rows of the other one.
