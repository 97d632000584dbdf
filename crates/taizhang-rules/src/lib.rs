//! Pure: training rules as data become explained accounts and rollups, in integers.
