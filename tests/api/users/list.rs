//! Lists: pages, cursors, orders, totals.
