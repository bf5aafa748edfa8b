//! Every limit of every parameter: at the limit, and one past it.
