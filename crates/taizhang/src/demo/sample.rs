//! The sheets of the demo, in the program itself: GB18030, with the defects that office sheets have (`sample/README.md`).

/// The list of organisations, the same for everybody.
pub(super) const ORGS: &[u8] = include_bytes!("../../sample/orgs.csv");

/// The year of every sheet.
pub(super) const YEAR: u16 = 2024;

pub(super) struct City {
    pub(super) code: &'static str,
    pub(super) name: &'static str,
}

pub(super) const CITY: City = City { code: "429800", name: "示范市" };

pub(super) struct County {
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    pub(super) activities: &'static [u8],
}

pub(super) const COUNTIES: [County; 2] = [
    County { code: "429801", name: "青林县", activities: include_bytes!("../../sample/429801/activities.csv") },
    County { code: "429802", name: "白沙区", activities: include_bytes!("../../sample/429802/activities.csv") },
];

pub(super) struct School {
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    /// Place of its county in [`COUNTIES`].
    pub(super) county: usize,
    /// How many machines it has.
    pub(super) machines: usize,
    pub(super) roster: &'static [u8],
    pub(super) activities: &'static [u8],
    pub(super) attendance: &'static [u8],
}

macro_rules! school {
    ($code:literal, $name:literal, $county:literal, $machines:literal) => {
        School {
            code: $code,
            name: $name,
            county: $county,
            machines: $machines,
            roster: include_bytes!(concat!("../../sample/", $code, "/roster.csv")),
            activities: include_bytes!(concat!("../../sample/", $code, "/activities.csv")),
            attendance: include_bytes!(concat!("../../sample/", $code, "/attendance.csv")),
        }
    };
}

/// The first has two machines.
pub(super) const SCHOOLS: [School; 4] = [
    school!("2198000001", "太平镇中心小学", 0, 2),
    school!("2198000007", "永安镇第二小学", 0, 1),
    school!("2198000002", "太平镇第二教学点", 1, 1),
    school!("3198000008", "永安镇第二初级中学", 1, 1),
];
