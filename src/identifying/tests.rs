use std::sync::OnceLock;

use jieba_rs::Jieba;

use super::{Span, Trait, find};

fn spans(text: &str) -> Vec<Span> {
    static DICTIONARY: OnceLock<Jieba> = OnceLock::new();
    find(text, DICTIONARY.get_or_init(Jieba::new))
}

fn found(text: &str) -> Vec<(Trait, String)> {
    spans(text).iter().map(|span| (span.kind, text.chars().skip(span.from).take(span.to - span.from).collect())).collect()
}

const FOUND: &[(&str, Trait, &str)] = &[
    ("独居老人想要收音机，请打13804341234。", Trait::Phone, "13804341234"),
    ("联系我：１３８－０４３４－１２３４", Trait::Phone, "１３８－０４３４－１２３４"),
    ("手机幺三八洞四三四幺二三四", Trait::Phone, "幺三八洞四三四幺二三四"),
    ("①③⑧⓪④③④①②③④要米", Trait::Phone, "①③⑧⓪④③④①②③④"),
    ("请联系 139\u{200B}0434\u{200B}1234 送米", Trait::Phone, "139\u{200B}0434\u{200B}1234"),
    ("零四三四 三二五一二三四", Trait::Phone, "零四三四 三二五一二三四"),
    ("家里座机3251234，要血压计", Trait::Phone, "3251234"),
    ("VX：abc12345", Trait::Account, "VX：abc12345"),
    ("扣扣：三二五六七八九一", Trait::Account, "扣扣：三二五六七八九一"),
    ("邮箱 123456艾特qq点com", Trait::Email, "123456艾特qq点com"),
    ("发到zhangsan@163.com", Trait::Email, "zhangsan@163.com"),
    ("老证22030319530412123X，申请轮椅", Trait::Identity, "22030319530412123X"),
    ("2203031953****1234", Trait::Identity, "2203031953****1234"),
    ("卡号6228 4800 1234 5678 901", Trait::Card, "6228 4800 1234 5678 901"),
    ("吉C·12345的三轮车坏了", Trait::Plate, "吉C·12345"),
    ("吉CD12345是新能源车", Trait::Plate, "吉CD12345"),
    ("农历一九四五年腊月初八生人", Trait::Birth, "一九四五年腊月初八"),
    ("生于1948-03-05", Trait::Birth, "1948-03-05"),
    ("住在3栋2单元501", Trait::Address, "3栋2单元501"),
    ("三号楼二单元五〇一", Trait::Address, "三号楼二单元五〇一"),
    ("平东小区3-2-501，要一袋米", Trait::Address, "3-2-501"),
    ("平东街128号，门前有树", Trait::Address, "128号"),
    ("平东小学三年级二班", Trait::School, "小学三年级二班"),
    ("四平一中高二3班的学生", Trait::School, "一中高二3班"),
    ("帮陈玉珍买一台助听器", Trait::Name, "陈玉珍"),
    ("王 秀 英想要一件羽绒服", Trait::Name, "王 秀 英"),
    ("欧阳建国想学用手机", Trait::Name, "欧阳建国"),
    ("帮额尔敦·巴图修理水管", Trait::Name, "额尔敦·巴图"),
    ("孩子姓名于洋，想要篮球", Trait::Name, "于洋"),
];

const NOT_FOUND: &[&str] = &[
    "",
    "王奶奶76岁，高血压多年，想要36码的棉鞋",
    "小刘想找一份工作，老赵要轮椅，刘同学缺字典",
    "王老吉两箱，陈克明挂面五斤，张小泉剪刀一把，李宁运动鞋",
    "想读《鲁迅全集》和路遥的《平凡的世界》，保尔·柯察金的故事",
    "1953年参军的老兵，想要一枚纪念章",
    "希望在2025年6月1日前送到，预算1500元",
    "咨询12345热线，客服400-123-4567",
    "共12栋楼3个单元，6栋居民住六楼",
    "5号电池十节，坐101路公交车，A4纸两包",
    "小学三年级的孩子想要书包",
    "四平市第二中学需要图书",
    "36、37、38、39、40、41、42码都行，血压150-160/90-100",
    "用微信聊天，QQ登录不上",
    "社区12号前组织义诊",
];

#[test]
fn what_tells_who_somebody_is_is_found_where_it_stands() {
    for &(text, kind, part) in FOUND {
        assert_eq!(found(text), [(kind, part.to_owned())], "{text}");
    }
}

#[test]
fn what_many_have_in_common_is_not_found() {
    for text in NOT_FOUND {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn several_in_one_text_stand_in_order() {
    let kinds: Vec<Trait> = found("王秀英，3栋2单元501，电话13804341234").into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, [Trait::Name, Trait::Address, Trait::Phone]);
}

/// One line of the corpus: whether it is clean, the text, and what in it tells who somebody is.
struct Sample {
    clean: bool,
    text: &'static str,
    parts: Vec<&'static str>,
}

fn sample(line: &'static str) -> Sample {
    let mut columns = line.split('\t');
    let (label, text) = (columns.next().unwrap_or_default(), columns.next().unwrap_or_default());
    let parts = columns.next().unwrap_or_default().split('|').filter(|part| !part.is_empty()).collect();
    Sample { clean: label == "clean", text, parts }
}

/// Whether a span overlaps the part wherever it stands in the text.
fn is_covered(text: &str, part: &str, spans: &[Span]) -> bool {
    text.match_indices(part).any(|(byte, _)| {
        let from = text[..byte].chars().count();
        let to = from + part.chars().count();
        spans.iter().any(|span| span.from < to && from < span.to)
    })
}

fn percent(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole as f64
}

#[test]
// The figures are what one wants to read after a run with --nocapture.
#[allow(clippy::print_stdout)]
fn a_set_of_texts_is_told_apart() {
    let (clean, telling): (Vec<Sample>, Vec<Sample>) = include_str!("texts.tsv").lines().map(sample).partition(|sample| sample.clean);
    let (hits, missed): (Vec<&Sample>, Vec<&Sample>) = telling.iter().partition(|sample| !spans(sample.text).is_empty());
    let alarms: Vec<&str> = clean.iter().map(|sample| sample.text).filter(|text| !spans(text).is_empty()).collect();
    let missed: Vec<&str> = missed.iter().map(|sample| sample.text).collect();
    let parts: Vec<(&str, &str)> = hits.iter().flat_map(|sample| sample.parts.iter().map(|part| (sample.text, *part))).collect();
    let astray: Vec<&(&str, &str)> = parts.iter().filter(|(text, part)| !is_covered(text, part, &spans(text))).collect();

    let recall = percent(hits.len(), telling.len());
    let false_alarms = percent(alarms.len(), clean.len());
    let placed = percent(parts.len() - astray.len(), parts.len());
    println!("recall {recall:.2} %, false alarms {false_alarms:.2} %");
    println!("parts overlapped {placed:.2} %");

    assert!(recall >= 99.0, "missed: {missed:#?}");
    assert!(false_alarms <= 5.0, "false alarms: {alarms:#?}");
    assert!(placed >= 97.0, "found elsewhere: {astray:#?}");
}
