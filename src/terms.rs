//! One word per idea: an enum whose name is the same in code, in the SDL and in SQL, with its Chinese term for messages.

/// Defines an enum that is a GraphQL enum, a text column and a Chinese term at once.
macro_rules! term {
    ($(#[$meta:meta])* $name:ident { $($(#[$value_meta:meta])* $value:ident = $code:literal $zh:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord,
            async_graphql::Enum, sea_orm::EnumIter, sea_orm::DeriveActiveEnum, serde::Deserialize,
        )]
        #[sea_orm(rs_type = "String", db_type = "Text")]
        pub enum $name {
            $($(#[$value_meta])* #[graphql(name = $code)] #[sea_orm(string_value = $code)] #[serde(rename = $code)] $value),+
        }

        impl $name {
            /// Each code with its Chinese term.
            pub const TERMS: &[(&str, &str)] = &[$(($code, $zh)),+];

            /// The word of the API and of SQL.
            pub fn code(self) -> &'static str {
                match self { $($name::$value => $code),+ }
            }

            /// The word of the console, of messages and of reports.
            pub fn zh(self) -> &'static str {
                match self { $($name::$value => $zh),+ }
            }
        }
    };
}
pub(crate) use term;
