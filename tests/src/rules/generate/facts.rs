//! What the generator has to know of each policy to come near its borders. Not the rules: those are read from the files.

/// What to aim at.
pub(super) struct Facts {
    /// Policy id.
    pub(super) id: &'static str,
    /// Year in which its first cycle begins, on 1 January.
    pub(super) start_year: u32,
    /// Years of the cycle.
    pub(super) years: u32,
    /// Stages of its teachers, and one that it does not name.
    pub(super) stages: &'static [&'static str],
    /// Kinds, the usual ones repeatedly.
    pub(super) kinds: &'static [&'static str],
    /// Hours that fill the requirements: (kinds, tag or nothing, h100 in a cycle).
    pub(super) fills: &'static [(&'static [&'static str], &'static str, u32)],
    /// Hours that fill the requirements of probation, likewise.
    pub(super) probation: &'static [(&'static [&'static str], &'static str, u32)],
    /// Programmes: (name, planned h100, of these online, of these practice).
    pub(super) programmes: &'static [(&'static str, u32, u32, u32)],
}

const CLASSES: &[&str] = &["concentrated", "nonconcentrated", "school_based", "online"];
const ALL: &[&str] =
    &["concentrated", "nonconcentrated", "school_based", "online", "degree", "enterprise", "self_study", "external"];
const SCHOOLS: &[&str] = &["kindergarten", "primary", "junior", "senior", "special"];
const FACES: &[&str] = &["concentrated"];
const OTHERS: &[&str] = &["nonconcentrated", "school_based", "online"];
const NEW: &str = "new_teacher_training";
const HENAN: &[(&str, u32, u32, u32)] = &[
    ("ministry_linkage", 16_000, 4_800, 0),
    ("prov_professional", 16_000, 4_000, 4_000),
    ("prov_public_course", 12_000, 4_000, 0),
    ("prov_head_teacher", 8_000, 0, 0),
];

/// All ten.
pub(super) const POLICIES: &[Facts] = &[
    Facts {
        id: "wuhan-2008",
        start_year: 2008,
        years: 5,
        stages: SCHOOLS,
        kinds: &["concentrated", "concentrated", "nonconcentrated", "school_based", "online", "degree", "degree"],
        fills: &[(FACES, "", 16_000), (OTHERS, "", 20_000), (&["degree"], "", 50_000), (FACES, "", 8_000)],
        probation: &[(FACES, "", 4_000), (OTHERS, "", 4_000)],
        programmes: &[],
    },
    Facts {
        id: "shandong-2015",
        start_year: 2015,
        years: 5,
        stages: &["primary", "junior", "senior"],
        kinds: &["concentrated", "nonconcentrated", "school_based", "online", "self_study", "degree"],
        fills: &[(CLASSES, "", 36_000), (CLASSES, "", 24_000), (&["degree", "self_study"], "", 12_000)],
        probation: &[],
        programmes: &[],
    },
    Facts {
        id: "kunming-2015",
        start_year: 2015,
        years: 5,
        stages: &["kindergarten", "primary", "junior", "senior"],
        kinds: CLASSES,
        fills: &[(CLASSES, "", 36_000), (FACES, "", 18_000), (OTHERS, "", 18_000)],
        probation: &[],
        programmes: &[],
    },
    Facts {
        id: "tianjin-2013",
        start_year: 2012,
        years: 5,
        stages: SCHOOLS,
        kinds: CLASSES,
        fills: &[(CLASSES, "", 36_000), (CLASSES, "head_teacher_training", 5_000), (FACES, "", 50_000)],
        probation: &[(CLASSES, NEW, 12_000)],
        programmes: &[],
    },
    Facts {
        id: "moe-order-7",
        start_year: 2000,
        years: 5,
        stages: &["kindergarten", "primary", "junior", "senior", "special", "vocational"],
        kinds: &["concentrated", "nonconcentrated", "school_based", "online", "degree"],
        fills: &[(CLASSES, "", 24_000)],
        probation: &[(CLASSES, NEW, 12_000)],
        programmes: &[],
    },
    Facts {
        id: "hubei-hours",
        start_year: 2011,
        years: 5,
        stages: &["kindergarten", "special", "primary", "junior", "senior", "adult", "vocational"],
        kinds: &["concentrated", "nonconcentrated", "school_based", "online", "degree", "degree", "degree"],
        fills: &[(CLASSES, "", 10_000)],
        probation: &[],
        programmes: &[],
    },
    Facts {
        id: "henan-vocational-2021",
        start_year: 2021,
        years: 1,
        stages: &["vocational"],
        kinds: &["concentrated", "online", "enterprise"],
        fills: &[(FACES, "", 4_000)],
        probation: &[],
        programmes: HENAN,
    },
    Facts {
        id: "vocational-school",
        start_year: 2000,
        years: 5,
        stages: &["vocational"],
        kinds: &["concentrated", "nonconcentrated", "school_based", "online", "enterprise", "enterprise", "enterprise"],
        fills: &[(CLASSES, "", 24_000), (&["enterprise"], "", 20_000), (&["enterprise"], "", 20_000)],
        probation: &[(CLASSES, NEW, 12_000)],
        programmes: &[],
    },
    Facts {
        id: "county-school-based-2023",
        start_year: 2023,
        years: 1,
        stages: &["kindergarten", "primary", "junior"],
        kinds: &["school_based", "school_based", "self_study", "online"],
        fills: &[(&["school_based"], "", 2_000)],
        probation: &[],
        programmes: &[],
    },
    Facts {
        id: "zhejiang-2004",
        start_year: 2004,
        years: 5,
        stages: SCHOOLS,
        kinds: ALL,
        fills: &[(ALL, "", 5_000)],
        probation: &[],
        programmes: &[],
    },
];
