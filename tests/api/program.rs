//! The program itself: commands, first start, stopping.
