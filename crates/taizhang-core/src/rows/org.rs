//! Rows of the registry: organisations, grants and their ends. The form of types 1, 2 and 6 is frozen: admission reads them.

use super::{field::code, rows, shape::Shape};
use crate::{
    id::{DocId, OrgId, PublicKey},
    id::{EntryId, Run},
    op::{RowName, RowRef},
    rows::field::Field,
    units::{Day, Ms},
};

code! {
    /// What an organisation is.
    OrgKind {
        /// 省
        Province = 1 "province",
        /// 市
        City = 2 "city",
        /// 区县
        County = 3 "county",
        /// 乡镇中心校
        Township = 4 "township",
        /// 学校
        School = 5 "school",
        /// 培训承办单位: base, university
        Organiser = 6 "organiser",
    }
}

impl OrgKind {
    /// Does an admin of such an organisation certify others? A township never does.
    #[must_use]
    pub fn certifies(self) -> bool {
        matches!(self, Self::Province | Self::City | Self::County)
    }
}

code! {
    /// What a grant lets a key do.
    Role {
        /// 台账员: records
        Clerk = 1 "clerk",
        /// 校长
        Principal = 2 "principal",
        /// 审核员: decides
        Reviewer = 3 "reviewer",
        /// 管理员: certifies organisations and keys
        Admin = 4 "admin",
        /// 政策管理员
        PolicyOfficer = 5 "policy_officer",
        /// 审计员: reads
        Auditor = 6 "auditor",
        /// One installation: transport and receipts.
        Node = 7 "node",
    }
}

impl Role {
    /// Roles that decide or grant: their `end` carries positions.
    #[must_use]
    pub fn decides(self) -> bool {
        matches!(self, Self::Reviewer | Self::Admin | Self::PolicyOfficer)
    }
}

code! {
    /// A post inside an organisation (DOMAIN §1).
    OfficeCode {
        /// 教师进修学校, 培训机构
        CountyTrainingInstitution = 1 "county_training_institution",
        /// 教育局
        CountyBureau = 2 "county_bureau",
        /// 人社部门
        Hr = 3 "hr",
        /// 督导
        Supervision = 4 "supervision",
        /// 教育支付中心
        PaymentCentre = 5 "payment_centre",
        /// 市中小学师资培训中心
        CityTrainingCentre = 6 "city_training_centre",
        /// 市教育局教师工作处
        CityBureauTeacherOffice = 7 "city_bureau_teacher_office",
        /// 省项目办
        ProvinceProjectOffice = 8 "province_project_office",
        /// 教科所
        ResearchInstitute = 9 "research_institute",
    }
}

code! {
    /// Where a school lies.
    Rural {
        /// 乡村
        Village = 1 "village",
        /// 镇区
        Town = 2 "town",
        /// 城区
        Urban = 3 "urban",
    }
}

/// Positions of one document and key: `[document, run, height, entry id]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Positions {
    /// The document.
    pub document: DocId,
    /// The run of the log.
    pub run: Run,
    /// Up to and with this sequence.
    pub height: u64,
    /// The entry there.
    pub id: EntryId,
}

impl Field for Positions {
    fn shape() -> Shape {
        Shape::Tuple(vec![DocId::shape(), Run::shape(), Shape::Uint, EntryId::shape()])
    }
    fn write(&self, w: &mut crate::cbor::Writer) {
        w.array(4).bytes(&self.document.to_bytes()).bytes(&self.run.0).uint(self.height).bytes(&self.id.0);
    }
    fn read(r: &mut crate::cbor::Reader<'_>) -> Result<Self, crate::cbor::CborError> {
        r.array_of(4)?;
        Ok(Self { document: Field::read(r)?, run: Field::read(r)?, height: r.uint()?, id: Field::read(r)? })
    }
}

rows! {
    /// An organisation: creation (with `random`), a change of its description, or a move (with another `parent`).
    1 Org {
        /// Final id: SHA-256(parent ‖ random)[..8] of the creation row.
        org: OrgId,
        /// Only in the creation row.
        random: Option<[u8; 8]>,
        /// What it is.
        kind: OrgKind,
        /// The organisation above it.
        parent: OrgId,
        /// Its code in the outside world; may change.
        code: String,
        /// Its name.
        name: String,
        /// A short name for narrow columns.
        short: Option<String>,
        /// The township it lies in, where that is not its parent.
        township: Option<OrgId>,
        /// Where it lies.
        rural: Option<Rural>,
        /// 学段: kindergarten, primary, junior, senior, special.
        stages: Option<Vec<String>>,
        /// Since when this description holds.
        from_day: Day,
        /// Closed on.
        closed_day: Option<Day>,
        /// The organisation that goes on with its work.
        succeeded_by: Option<OrgId>,
        /// Why.
        reason: Option<String>,
        /// Grants of registries that it left by a move, which stay in force; at most 40.
        kept: Option<Vec<RowRef>>,
    }
    /// Gives a key a role in an organisation.
    2 Grant {
        /// The key.
        key: PublicKey,
        /// The role.
        role: Role,
        /// The post inside the organisation.
        office: Option<OfficeCode>,
        /// Where.
        org: OrgId,
        /// A post, not a private name unless wanted.
        label: String,
        /// The creation or move row of `org` it rests on.
        basis: RowRef,
        /// Since when.
        from_day: Day,
        /// Until when, if known from the start.
        to_day: Option<Day>,
        /// X25519 key to which secrets for this person are sealed.
        seal_key: Option<[u8; 32]>,
        /// The key of an invite: signs sequence 1 of run 0 only.
        one_use: bool,
        /// An invite is answered until then (judged by the node that answers first contact).
        expires_ms: Option<Ms>,
        /// Why.
        reason: Option<String>,
    }
    /// Staff left: the grant's key writes no more.
    3 End {
        /// The grant that ends.
        grant: RowRef,
        /// Last day.
        left_day: Day,
        /// For deciding and granting roles: what lies past these waits for an accept; at most 30 a row, and the rows of one grant in one entry are one end.
        positions: Option<Vec<Positions>>,
        /// Why.
        reason: Option<String>,
    }
    /// A key was stolen: only what the positions cover stands.
    4 Burn {
        /// The key.
        key: PublicKey,
        /// Open tips up to which its entries stand; at most 30 a row.
        positions: Vec<Positions>,
        /// What happened.
        cause: String,
        /// Why.
        reason: Option<String>,
    }
    /// Lets late or burnt entries stand.
    5 Accept {
        /// What they cover stands.
        positions: Vec<Positions>,
        /// Why.
        reason: String,
    }
    /// The keys at the root of a network.
    6 RootStatement {
        /// 0 for the first; each successor one more.
        number: u32,
        /// The n keys.
        keys: Vec<PublicKey>,
        /// How many of them name a successor together.
        m: u8,
        /// Signatures of the predecessor's keys over the row without them: key, signature.
        signatures: Option<Vec<(PublicKey, [u8; 64])>>,
        /// Up to where entries of removed keys stand.
        positions: Option<Vec<Positions>>,
        /// Why.
        reason: Option<String>,
    }
}

impl Org {
    /// Does it leave this grant of a former registry in force?
    #[must_use]
    pub fn keeps(&self, grant: RowName) -> bool {
        self.kept.iter().flatten().any(|r| r.entry == Some(grant.entry) && r.index == grant.index)
    }
}
