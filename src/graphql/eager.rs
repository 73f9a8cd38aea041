//! Objects that are resolved in the order of the document, at once as far as nothing has to be waited for.
//!
//! The library makes a task of every field and collects them as they are done. Nearly all fields are at hand; a page has a thousand of them.

use std::borrow::Cow;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context as Waking, Poll};

use async_graphql::indexmap::IndexMap;
use async_graphql::indexmap::map::Entry;
use async_graphql::parser::types::{Field, Selection};
use async_graphql::registry::Registry;
use async_graphql::resolver_utils::ContainerType;
use async_graphql::{ContextSelectionSet, Name, OutputType, Positioned, ServerError, ServerResult, Value};

/// An object whose fields are resolved so.
#[derive(Clone)]
pub struct Eager<T>(pub T);

impl<T: ContainerType> OutputType for Eager<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn qualified_type_name() -> String {
        T::qualified_type_name()
    }

    fn introspection_type_name(&self) -> Cow<'static, str> {
        self.0.introspection_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, _field: &Positioned<Field>) -> ServerResult<Value> {
        let mut fields = Fields { values: IndexMap::with_capacity(ctx.item.node.items.len()), waiting: Vec::new() };
        poll_fn(|cx| Poll::Ready(fields.begin(ctx, &self.0, cx))).await?;
        poll_fn(|cx| fields.go_on(ctx, cx)).await;
        Ok(Value::Object(fields.values))
    }
}

type Resolving<'a> = Pin<Box<dyn Future<Output = ServerResult<Option<Value>>> + Send + 'a>>;

struct Fields<'a> {
    values: IndexMap<Name, Value>,
    /// What is not there yet, with its place.
    waiting: Vec<(usize, Resolving<'a>)>,
}

impl<'a> Fields<'a> {
    fn begin<T: ContainerType>(&mut self, ctx: &ContextSelectionSet<'a>, root: &'a T, cx: &mut Waking<'_>) -> ServerResult<()> {
        for selection in &ctx.item.node.items {
            let (condition, set) = match &selection.node {
                Selection::Field(field) => {
                    self.field(ctx, root, field, cx);
                    continue;
                }
                Selection::InlineFragment(fragment) => (fragment.node.type_condition.as_ref(), &fragment.node.selection_set),
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    let unknown = || ServerError::new(format!("Unknown fragment \"{name}\"."), Some(spread.pos));
                    let fragment = ctx.query_env.fragments.get(name).ok_or_else(unknown)?;
                    (Some(&fragment.node.type_condition), &fragment.node.selection_set)
                }
            };
            let own = T::type_name();
            let applies = condition.is_none_or(|condition| {
                let name = condition.node.on.node.as_str();
                name == own || ctx.schema_env.registry.implements.get(&*own).is_some_and(|interfaces| interfaces.contains(name))
            });
            if applies {
                self.begin(&ctx.with_selection_set(set), root, cx)?;
            }
        }
        Ok(())
    }

    fn field<T: ContainerType>(&mut self, ctx: &ContextSelectionSet<'a>, root: &'a T, field: &'a Positioned<Field>, cx: &mut Waking<'_>) {
        let name = field.node.response_key().node.clone();
        if field.node.name.node == "__typename" {
            self.values.insert(name, Value::String(root.introspection_type_name().into_owned()));
            return;
        }
        let at_once = {
            let own = ctx.with_field(field);
            pin!(root.resolve_field(&own)).poll(cx)
        };
        let value = match at_once {
            Poll::Ready(value) => value,
            // Begun anew where it can wait. A query may be asked twice, and loaders take the same key as one.
            Poll::Pending => {
                let own = ctx.clone();
                let mut resolving: Resolving<'a> = Box::pin(async move { root.resolve_field(&own.with_field(field)).await });
                match resolving.as_mut().poll(cx) {
                    Poll::Ready(value) => value,
                    Poll::Pending => {
                        let place = self.values.entry(name);
                        self.waiting.push((place.index(), resolving));
                        place.or_insert(Value::Null);
                        return;
                    }
                }
            }
        };
        match value {
            Ok(value) => match self.values.entry(name) {
                Entry::Vacant(place) => drop(place.insert(value.unwrap_or_default())),
                Entry::Occupied(place) => merge(place.into_mut(), value.unwrap_or_default()),
            },
            Err(error) => {
                ctx.add_error(error);
                self.values.entry(name).or_insert(Value::Null);
            }
        }
    }

    fn go_on(&mut self, ctx: &ContextSelectionSet<'a>, cx: &mut Waking<'_>) -> Poll<()> {
        let values = &mut self.values;
        self.waiting.retain_mut(|(place, resolving)| {
            let Poll::Ready(value) = resolving.as_mut().poll(cx) else { return true };
            match value {
                Ok(value) => merge(&mut values[*place], value.unwrap_or_default()),
                Err(error) => ctx.add_error(error),
            }
            false
        });
        if self.waiting.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// The same field asked for twice with different fields below it is one.
fn merge(known: &mut Value, value: Value) {
    match (known, value) {
        (Value::Object(known), Value::Object(fields)) => {
            for (name, value) in fields {
                match known.entry(name) {
                    Entry::Vacant(place) => drop(place.insert(value)),
                    Entry::Occupied(place) => merge(place.into_mut(), value),
                }
            }
        }
        (Value::List(known), Value::List(items)) => known.iter_mut().zip(items).for_each(|(known, item)| merge(known, item)),
        (known @ Value::Null, value) => *known = value,
        _ => {}
    }
}
