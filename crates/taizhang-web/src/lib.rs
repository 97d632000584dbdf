//! Pages and forms over Node (not built yet).
