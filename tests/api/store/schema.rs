//! The two schemas are the same, and each constraint has its name.
