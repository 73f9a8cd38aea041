//! Finding by words: text is cut by a dictionary into an index of words, the same on both databases.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use jieba_rs::Jieba;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func, Query, SelectStatement, SimpleExpr};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QueryTrait, Select};
use uuid::Uuid;

use crate::auth::Permit;
use crate::error::{AppError, Result};
use crate::graphql::paging::{Key, Sort};
use crate::ids::GlobalId;
use crate::lang::half_width;

/// The index as it is stored.
mod word {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "search_words")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub kind: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub word: String,
        /// Where it is looked for; nil: everywhere.
        #[sea_orm(primary_key, auto_increment = false)]
        pub district_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub node_id: Uuid,
        pub weight: i32,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A word of the title counts as much as this many of the description.
const TITLE_WEIGHT: i32 = 4;
/// Words beyond these are not looked for.
const MOST_WORDS: usize = 8;
const LONGEST_SEARCH: usize = 100;

/// The words of Chinese.
pub fn dictionary() -> &'static Jieba {
    static DICTIONARY: OnceLock<Jieba> = OnceLock::new();
    DICTIONARY.get_or_init(Jieba::new)
}

/// Loads the dictionary, which takes a moment, before the first search needs it.
pub fn warm_up() {
    dictionary();
}

/// Full-width forms become plain ones, capitals small ones.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c == '\u{3000}' { ' ' } else { half_width(c) }).collect::<String>().to_lowercase()
}

fn is_word(token: &str) -> bool {
    token.chars().any(char::is_alphanumeric)
}

fn weigh(title: &str, body: &str) -> BTreeMap<String, i32> {
    let mut words = BTreeMap::new();
    for (text, weight) in [(title, TITLE_WEIGHT), (body, 1)] {
        let text = plain(text);
        let tokens = dictionary().cut_for_search(&text, true);
        let mut seen: Vec<&str> = tokens.iter().map(|token| token.word).filter(|token| is_word(token)).collect();
        seen.sort_unstable();
        seen.dedup();
        for token in seen {
            *words.entry(token.chars().take(40).collect()).or_insert(0) += weight;
        }
    }
    words
}

/// Replaces the words of an object.
pub async fn index(permit: &Permit, node: GlobalId, district: Option<Uuid>, title: &str, body: Option<&str>) -> Result<()> {
    word::Entity::delete_many().filter(word::Column::NodeId.eq(node.key)).exec(permit.write()).await?;
    add(permit, node, district, title, body).await
}

/// Adds the words of a new object, to be looked for in a district, or in all of them.
pub async fn add(permit: &Permit, node: GlobalId, district: Option<Uuid>, title: &str, body: Option<&str>) -> Result<()> {
    let (kind, district_id) = (node.kind.prefix(), district.unwrap_or_default());
    let rows = weigh(title, body.unwrap_or_default())
        .into_iter()
        .map(|(word, weight)| word::ActiveModel::from(word::Model { kind: kind.to_owned(), word, district_id, node_id: node.key, weight }));
    word::Entity::insert_many(rows).exec_without_returning(permit.write()).await?;
    Ok(())
}

/// The words that a search asks for; all of them must be there.
pub fn words(search: &str) -> Vec<String> {
    let text = plain(search);
    let mut words: Vec<String> =
        dictionary().cut(&text, true).into_iter().map(|token| token.word.to_owned()).filter(|token| is_word(token)).collect();
    words.sort_unstable();
    words.dedup();
    words.truncate(MOST_WORDS);
    words
}

/// Ids of the objects of a kind that hold all words, as a subquery with the columns `node_id` and `score`; those of one district, where it is
/// said, by its part of the index.
fn hits(kind: crate::ids::NodeKind, district: Option<Uuid>, words: &[String]) -> SelectStatement {
    // A sum of integers is a decimal on PostgreSQL unless told otherwise.
    let score = |weight: SimpleExpr| Func::cast_as(weight, Alias::new("BIGINT"));
    let mut hits = Query::select();
    hits.column(word::Column::NodeId)
        .from(word::Entity)
        .and_where(Expr::col(word::Column::Kind).eq(Expr::cust(format!("'{}'", kind.prefix()))));
    if let Some(district) = district {
        hits.and_where(Expr::col(word::Column::DistrictId).is_in([district, Uuid::nil()]));
    }
    if let [word] = words {
        hits.expr_as(score(Expr::col(word::Column::Weight)), Alias::new("score"))
            .and_where(Expr::col(word::Column::Word).eq(word.as_str()));
    } else {
        hits.expr_as(score(Func::sum(Expr::col(word::Column::Weight)).into()), Alias::new("score"))
            .and_where(Expr::col(word::Column::Word).is_in(words.iter().map(String::as_str)))
            .group_by_col(word::Column::NodeId)
            .and_having(Expr::cust("COUNT(*)").eq(words.len() as i64));
    }
    hits
}

/// Refuses what nobody searches for: each nested list of a document carries its own copy.
pub fn check(search: Option<&str>) -> Result<()> {
    match search {
        Some(text) if text.chars().count() > LONGEST_SEARCH => {
            Err(AppError::BadInput { zh: "搜索内容最多 100 个字", en: "A search takes at most 100 characters" })
        }
        _ => Ok(()),
    }
}

/// Narrows a list to what holds all words of a search, and gives the order by relevance; nothing changes where nothing is searched for.
/// `district`: where the list is narrowed to an area.
pub fn narrow<E: EntityTrait>(
    select: Select<E>,
    kind: crate::ids::NodeKind,
    id: SimpleExpr,
    district: Option<Uuid>,
    search: Option<&str>,
) -> Result<(Select<E>, Option<Sort>)> {
    check(search)?;
    let Some(search) = search.filter(|search| !search.trim().is_empty()) else {
        return Ok((select, None));
    };
    let words = words(search);
    if words.is_empty() {
        return Ok((select.filter(Expr::cust("1 = 0")), None));
    }
    let mut select = select;
    QueryTrait::query(&mut select).join_subquery(
        JoinType::InnerJoin,
        hits(kind, district, &words),
        Alias::new("hits"),
        Expr::col((Alias::new("hits"), word::Column::NodeId)).eq(id.clone()),
    );
    let score = Expr::col((Alias::new("hits"), Alias::new("score")));
    Ok((select, Some(Sort { name: "RELEVANCE", keys: vec![Key::Int(score)], descending: true, id })))
}

/// Ids among `candidates` that share at least half of a title's words with it, most alike first.
pub async fn alike(
    db: &impl ConnectionTrait,
    kind: crate::ids::NodeKind,
    district: Uuid,
    title: &str,
    candidates: SelectStatement,
) -> Result<Vec<Uuid>> {
    let words = words(title);
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let half = words.len().div_ceil(2).max(if words.len() > 1 { 2 } else { 1 });
    let query = Query::select()
        .column(word::Column::NodeId)
        .from(word::Entity)
        .and_where(Expr::col(word::Column::Kind).eq(kind.prefix()))
        .and_where(Expr::col(word::Column::Word).is_in(words.iter().map(String::as_str)))
        .and_where(Expr::col(word::Column::DistrictId).eq(district))
        .and_where(Expr::col(word::Column::Weight).gte(TITLE_WEIGHT))
        .and_where(Expr::col(word::Column::NodeId).in_subquery(candidates))
        .group_by_col(word::Column::NodeId)
        .and_having(Expr::cust("COUNT(*)").gte(half as i64))
        .order_by_expr(Expr::cust("COUNT(*)"), sea_orm::Order::Desc)
        .limit(3)
        .to_owned();
    let rows = db.query_all(&query).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_inside_a_longer_title_and_a_mere_character_is_not() {
        let indexed = weigh("为独居老人上门理发服务", "");
        assert!(words("理发").iter().all(|word| indexed.contains_key(word)));
        assert!(!words("发").iter().all(|word| indexed.contains_key(word)));
    }

    #[test]
    fn full_width_and_capitals_do_not_matter() {
        assert_eq!(words("LED 灯"), words("LED 灯"));
    }

    #[test]
    fn punctuation_alone_asks_for_nothing() {
        assert!(words("《》,。% _ '").is_empty());
    }
}
