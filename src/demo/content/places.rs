//! The streets of 铁东区 and their communities.

use super::{Community, Street};

pub const DISTRICT_CODE: &str = "220303";
pub const DISTRICT_NAME: &str = "铁东区";

const fn c(code: &'static str, name: &'static str) -> Community {
    Community { code, name }
}

/// The twelve streets and towns are real, codes included; 桃源社区, 双汇社区 and 紫微社区 are named by the newspaper.
/// All community suffixes and most community names are invented for the demonstration, as is the street of 紫微社区.
pub const STREETS: &[Street] = &[
    Street {
        code: "001",
        name: "平东街道",
        communities: &[
            c("001", "紫微社区"),
            c("002", "平东社区"),
            c("003", "东盛社区"),
            c("004", "鸿雁社区"),
            c("005", "锦绣社区"),
            c("006", "铁新社区"),
            c("007", "向阳社区"),
        ],
    },
    Street {
        code: "002",
        name: "北市场街道",
        communities: &[
            c("001", "北市社区"),
            c("002", "聚仁社区"),
            c("003", "永昌社区"),
            c("004", "兴旺社区"),
            c("005", "集贤社区"),
            c("006", "文苑社区"),
        ],
    },
    Street {
        code: "003",
        name: "七马路街道",
        communities: &[
            c("001", "七马路社区"),
            c("002", "仁和社区"),
            c("003", "康平社区"),
            c("004", "育才社区"),
            c("005", "站前社区"),
            c("006", "友谊社区"),
        ],
    },
    Street {
        code: "004",
        name: "四马路街道",
        communities: &[c("001", "四马路社区"), c("002", "光明社区"), c("003", "富民社区"), c("004", "安居社区"), c("005", "迎宾社区")],
    },
    Street {
        code: "005",
        name: "解放街道",
        communities: &[
            c("001", "解放社区"),
            c("002", "胜利社区"),
            c("003", "建国社区"),
            c("004", "新风社区"),
            c("005", "民主社区"),
            c("006", "和顺社区"),
        ],
    },
    Street {
        code: "006",
        name: "北门街道",
        communities: &[
            c("001", "桃源社区"),
            c("002", "北门社区"),
            c("003", "春晖社区"),
            c("004", "松柏社区"),
            c("005", "祥云社区"),
            c("006", "东湖社区"),
        ],
    },
    Street {
        code: "007",
        name: "黄土坑街道",
        communities: &[
            c("001", "双汇社区"),
            c("002", "黄土坑社区"),
            c("003", "红星社区"),
            c("004", "金桥社区"),
            c("005", "丰泽社区"),
            c("006", "利民社区"),
        ],
    },
    Street {
        code: "008",
        name: "平南街道",
        communities: &[c("001", "平南社区"), c("002", "南河社区"), c("003", "望南社区"), c("004", "翠园社区")],
    },
    Street {
        code: "100",
        name: "山门镇",
        communities: &[c("001", "山门社区"), c("002", "湖畔社区"), c("201", "塔山村"), c("202", "龙泉村")],
    },
    Street {
        code: "101",
        name: "石岭镇",
        communities: &[c("001", "石岭社区"), c("201", "石岭子村"), c("202", "二道沟村"), c("203", "大榆树村"), c("204", "柳条沟村")],
    },
    Street {
        code: "102",
        name: "叶赫满族镇",
        communities: &[c("001", "叶赫社区"), c("201", "古城村"), c("202", "转山村"), c("203", "河东村"), c("204", "杨木林村")],
    },
    Street {
        code: "200",
        name: "城东乡",
        communities: &[c("001", "城东社区"), c("201", "东胜村"), c("202", "下坎村"), c("203", "北岗村")],
    },
];
