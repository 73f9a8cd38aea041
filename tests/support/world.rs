//! A small district: two streets with their communities, two alliances, five units, who is paired with whom, and who may sign in.

use alliance::areas::actions::{NewArea, add};
use alliance::areas::rules::AreaLevel;
use alliance::auth::{Permission, Role, Scope, Viewer};
use alliance::db::Conn;
use alliance::error::Result;
use alliance::ids::{GlobalId, NodeKind};
use alliance::search;
use alliance::units::entity::{alliance as alliances, membership, pairing, unit};
use alliance::units::rules::{MembershipStatus, Track, UnitKind};
use alliance::work::Work;
use chrono::NaiveDate;
use sea_orm::ActiveModelTrait;
use uuid::Uuid;

use super::actor::Actor;
use super::answer::Thing;
use super::app::TestApp;
use serde_json::json;

/// Places and units by their global ids, people signed in.
pub struct World {
    /// 铁东区
    pub tiedong: String,
    /// 北门街道, with 桃源社区 and 紫微社区
    pub beimen: String,
    /// 黄土坑街道, with 双汇社区
    pub huangtukeng: String,
    pub taoyuan: String,
    pub ziwei: String,
    pub shuanghui: String,

    /// 北门街道党建联盟: 神农集团 and 法律援助中心
    pub beimen_alliance: String,
    /// 黄土坑街道党建联盟: 坤博集团 and both hospitals
    pub huangtukeng_alliance: String,

    /// 神农集团, paired with 桃源社区
    pub shennong: String,
    /// 坤博集团, paired with 双汇社区
    pub kunbo: String,
    /// 铁东区法律援助中心, paired with 桃源社区
    pub legal_aid: String,
    /// 四平铁东康宁综合医院, paired with nobody
    pub kangning: String,
    /// 梨树县康济医院, from outside the district, paired with nobody
    pub kangji: String,

    pub district: Actor,
    /// Officer of 北门街道
    pub street: Actor,
    /// Officer of 黄土坑街道
    pub street2: Actor,
    /// Secretary of 桃源社区
    pub secretary: Actor,
    /// Secretary of 双汇社区
    pub secretary2: Actor,
    /// For 神农集团
    pub unit: Actor,
    /// For 坤博集团
    pub unit2: Actor,
    /// For 四平铁东康宁综合医院
    pub hospital_a: Actor,
    /// For 梨树县康济医院
    pub hospital_b: Actor,
    /// For 铁东区法律援助中心
    pub legal: Actor,
    pub auditor: Actor,
    pub partner: Actor,
}

struct Places {
    tiedong: Uuid,
    beimen: Uuid,
    huangtukeng: Uuid,
    taoyuan: Uuid,
    ziwei: Uuid,
    shuanghui: Uuid,
}

struct Units {
    beimen_alliance: Uuid,
    huangtukeng_alliance: Uuid,
    shennong: Uuid,
    kunbo: Uuid,
    legal_aid: Uuid,
    kangning: Uuid,
    kangji: Uuid,
}

impl TestApp {
    /// The district of the stories.
    pub async fn world(&self) -> World {
        let places = self.as_the_service(places).await;
        let units = self.as_the_service(|work| units(work, &places)).await;
        let area = |key| GlobalId::new(NodeKind::Area, key).to_string();
        let unit = |key| GlobalId::new(NodeKind::Unit, key).to_string();
        let alliance = |key| GlobalId::new(NodeKind::Alliance, key).to_string();
        let (tiedong, beimen, huangtukeng) = (area(places.tiedong), area(places.beimen), area(places.huangtukeng));
        let (taoyuan, shuanghui) = (area(places.taoyuan), area(places.shuanghui));
        let (shennong, kunbo, legal_aid) = (unit(units.shennong), unit(units.kunbo), unit(units.legal_aid));
        let (kangning, kangji) = (unit(units.kangning), unit(units.kangji));
        World {
            district: self.account("district", Role::DistrictAdmin, &tiedong).await,
            street: self.account("street", Role::StreetOfficer, &beimen).await,
            street2: self.account("street2", Role::StreetOfficer, &huangtukeng).await,
            secretary: self.account("secretary", Role::CommunitySecretary, &taoyuan).await,
            secretary2: self.account("secretary2", Role::CommunitySecretary, &shuanghui).await,
            unit: self.account("unit", Role::UnitRepresentative, &shennong).await,
            unit2: self.account("unit2", Role::UnitRepresentative, &kunbo).await,
            hospital_a: self.account("hospital_a", Role::UnitRepresentative, &kangning).await,
            hospital_b: self.account("hospital_b", Role::UnitRepresentative, &kangji).await,
            legal: self.account("legal", Role::UnitRepresentative, &legal_aid).await,
            auditor: self.account("auditor", Role::Auditor, &tiedong).await,
            partner: self.account("partner", Role::Partner, &tiedong).await,
            ziwei: area(places.ziwei),
            beimen_alliance: alliance(units.beimen_alliance),
            huangtukeng_alliance: alliance(units.huangtukeng_alliance),
            tiedong,
            beimen,
            huangtukeng,
            taoyuan,
            shuanghui,
            shennong,
            kunbo,
            legal_aid,
            kangning,
            kangji,
        }
    }

    /// A district beside that of the stories, where nobody is yet.
    pub async fn neighbour(&self) -> String {
        let (level, valid_from) = (AreaLevel::District, first_day());
        let key = self.as_the_service(|work| async move {
            add(&work, &NewArea { parent: None, level, code: "220302".to_owned(), name: "铁西区".to_owned(), valid_from }).await
        });
        GlobalId::new(NodeKind::Area, key.await).to_string()
    }

    /// Work that the service itself does, in one transaction.
    pub async fn as_the_service<T, F, Fut>(&self, work: F) -> T
    where
        F: Fn(Work) -> Fut,
        Fut: Future<Output = Result<T>>,
    {
        match self.write(&Viewer::system(), &Conn::Pool(self.db().clone()), work).await {
            Ok(done) => done.value,
            Err(error) => panic!("the service could not do it: {error:?}"),
        }
    }
}

fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 1, 1).expect("a day")
}

async fn places(work: Work) -> Result<Places> {
    let place = async |parent: Option<Uuid>, level, code: &str, name: &str| {
        let (code, name) = (code.to_owned(), name.to_owned());
        let valid_from = first_day();
        add(&work, &NewArea { parent, level, code, name, valid_from }).await
    };
    let tiedong = place(None, AreaLevel::District, "220303", "铁东区").await?;
    let beimen = place(Some(tiedong), AreaLevel::Street, "220303006", "北门街道").await?;
    let huangtukeng = place(Some(tiedong), AreaLevel::Street, "220303007", "黄土坑街道").await?;
    Ok(Places {
        taoyuan: place(Some(beimen), AreaLevel::Community, "220303006001", "桃源社区").await?,
        ziwei: place(Some(beimen), AreaLevel::Community, "220303006002", "紫微社区").await?,
        shuanghui: place(Some(huangtukeng), AreaLevel::Community, "220303007001", "双汇社区").await?,
        tiedong,
        beimen,
        huangtukeng,
    })
}

async fn units(work: Work, places: &Places) -> Result<Units> {
    let beimen_alliance = found(&work, places, places.beimen, "北门街道党建联盟").await?;
    let huangtukeng_alliance = found(&work, places, places.huangtukeng, "黄土坑街道党建联盟").await?;
    let units = Units {
        shennong: member(&work, places, beimen_alliance, "神农集团", UnitKind::PrivateEnterprise).await?,
        legal_aid: member(&work, places, beimen_alliance, "铁东区法律援助中心", UnitKind::PublicInstitution).await?,
        kunbo: member(&work, places, huangtukeng_alliance, "坤博集团", UnitKind::PrivateEnterprise).await?,
        kangning: member(&work, places, huangtukeng_alliance, "四平铁东康宁综合医院", UnitKind::Medical).await?,
        kangji: member(&work, places, huangtukeng_alliance, "梨树县康济医院", UnitKind::Medical).await?,
        beimen_alliance,
        huangtukeng_alliance,
    };
    for (unit, community) in [(units.shennong, places.taoyuan), (units.legal_aid, places.taoyuan), (units.kunbo, places.shuanghui)] {
        let row = pairing::Model { id: work.new_key(), unit_id: unit, community_id: community, since: first_day(), until: None };
        pairing::ActiveModel::from(row).insert(work.read()).await?;
    }
    Ok(units)
}

async fn found(work: &Work, places: &Places, host: Uuid, name: &str) -> Result<Uuid> {
    let row = alliances::Model {
        id: work.new_key(),
        district_id: places.tiedong,
        host_id: host,
        name: name.to_owned(),
        model: Some("123+N".to_owned()),
        created_at: work.now(),
    };
    let permit = work.permit(Permission::ManageAlliances, &Scope::Areas(vec![places.tiedong]), None)?;
    search::add(&permit, row.node(), Some(row.district_id), name, None).await?;
    Ok(alliances::ActiveModel::from(row).insert(permit.write()).await?.id)
}

async fn member(work: &Work, places: &Places, alliance: Uuid, name: &str, kind: UnitKind) -> Result<Uuid> {
    let row = unit::Model {
        id: work.new_key(),
        district_id: places.tiedong,
        name: name.to_owned(),
        kind,
        track: Track::Unit,
        credit_code: None,
        no_credit_code_reason: Some("测试数据".to_owned()),
        address: None,
        contact_name: None,
        contact_phone_sealed: None,
        party_secretary: None,
        active: true,
        created_at: work.now(),
    };
    let permit = work.permit(Permission::ManageUnits, &Scope::Areas(vec![places.tiedong]), None)?;
    search::add(&permit, row.node(), Some(row.district_id), name, None).await?;
    let id = unit::ActiveModel::from(row).insert(permit.write()).await?.id;
    let row = membership::Model {
        id: work.new_key(),
        alliance_id: alliance,
        unit_id: id,
        status: MembershipStatus::Active,
        since: Some(first_day()),
        until: None,
        agreement: None,
        reason: None,
        created_at: work.now(),
    };
    membership::ActiveModel::from(row).insert(permit.write()).await?;
    Ok(id)
}

impl World {
    /// Two sacks of rice that 神农集团 has promised 桃源社区.
    pub async fn rice(&self) -> Thing {
        let rice =
            json!({ "unit": self.shennong, "form": "GOODS", "category": "ELDERLY", "title": "大米", "total": "40", "measure": "袋" });
        let pledge = self.unit.pledge_resource(rice).await.done();
        self.district.list_pledge(&pledge).await.done();
        let request = self.secretary.request_from(&pledge, &self.taoyuan, "2").await.done();
        self.unit.confirm(&request).await.done()
    }
}
