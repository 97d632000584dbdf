//! Pure: what offices send and print; CSV and xlsx to and from typed rows, with findings.
