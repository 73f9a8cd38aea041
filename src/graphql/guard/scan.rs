//! The look at the bytes before the parser gets them: it recurses with each bracket, and has no bound of its own.

use async_graphql::Pos;

use super::{NESTING, Refused, syntax_error, within};

/// Longer names are refused: messages of validation repeat a name at each place it is met.
const NAME: usize = 255;

/// Bounds the tokens, the nesting of brackets and the length of names.
///
/// It must never take for text what the parser takes for brackets. The two differ on an opening `"""` that is never
/// closed, which the parser reads as an empty string and another one; that is refused here, as the specification has
/// it. Where they differ on escapes, the parser has failed before it meets another bracket.
pub(super) fn scan(query: &str, max_tokens: usize) -> Result<(), Refused> {
    let bytes = query.as_bytes();
    let (mut at, mut tokens, mut open) = (0, 0, 0_usize);
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        let length = match byte {
            b' ' | b'\t' | b'\n' | b'\r' | b',' => 1,
            b'#' => run(rest, |byte| !matches!(byte, b'\n' | b'\r')),
            _ => {
                tokens += 1;
                within("tokens", tokens, max_tokens)?;
                match byte {
                    b'"' => string(rest).ok_or_else(|| syntax_error("unterminated string", position(query, at)))?,
                    b'{' | b'[' | b'(' => {
                        open += 1;
                        within("nesting", open, NESTING)?;
                        1
                    }
                    b'}' | b']' | b')' => {
                        open = open.saturating_sub(1);
                        1
                    }
                    b'.' => run(rest, |byte| byte == b'.'),
                    _ => {
                        let length = run(rest, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
                        within("name length", length, NAME)?;
                        length.max(1)
                    }
                }
            }
        };
        at += length;
    }
    Ok(())
}

fn run(bytes: &[u8], of: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|byte| of(**byte)).count()
}

/// The length of the string or block string at the start, if it ends.
fn string(bytes: &[u8]) -> Option<usize> {
    let block = bytes.starts_with(br#"""""#);
    let mut at = if block { 3 } else { 1 };
    loop {
        let rest = bytes.get(at..)?;
        at += match *rest.first()? {
            _ if block && rest.starts_with(br#"""""#) => return Some(at + 3),
            _ if block && rest.starts_with(br#"\""""#) => 4,
            b'"' if !block => return Some(at + 1),
            b'\\' if !block => 2,
            b'\n' | b'\r' if !block => return None,
            _ => 1,
        };
    }
}

fn position(query: &str, at: usize) -> Pos {
    let before = &query[..at];
    let line = before.rsplit('\n').next().unwrap_or_default();
    Pos { line: before.matches('\n').count() + 1, column: line.chars().count() + 1 }
}
