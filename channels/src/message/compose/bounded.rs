//! Nothing in a message is without a limit, whatever its rule, its data or its template say.

use crate::limits::{
    ERROR_MAX_CHARS, FACT_NAME_MAX_CHARS, FACT_VALUE_MAX_CHARS, FACTS_MAX, FOOTER_MAX, FOOTER_PART_MAX_CHARS,
    STATE_MAX_CHARS, SUMMARY_MAX_CHARS, TITLE_MAX_CHARS,
};
use crate::message::Message;
use crate::message::text::{cut, cut_middle, lines, one_line_cut};

/// Cleans and cuts every text of a message, and drops what is too much.
pub(super) fn keep(message: &mut Message) {
    message.state = one_line_cut(&message.state, STATE_MAX_CHARS);
    message.title = one_line_cut(&message.title, TITLE_MAX_CHARS);
    message.summary = cut(&lines(&message.summary), SUMMARY_MAX_CHARS);
    message.facts.truncate(FACTS_MAX);
    for fact in &mut message.facts {
        fact.name = one_line_cut(&fact.name, FACT_NAME_MAX_CHARS);
        fact.value = one_line_cut(&fact.value, FACT_VALUE_MAX_CHARS);
    }
    // Receivers refuse a field without a name or without a value.
    message.facts.retain(|fact| !fact.name.is_empty() && !fact.value.is_empty());
    message.footer.truncate(FOOTER_MAX);
    for part in &mut message.footer {
        *part = one_line_cut(part, FOOTER_PART_MAX_CHARS);
    }
    message.footer.retain(|part| !part.is_empty());
    message.error =
        message.error.take().map(|error| cut_middle(&error, ERROR_MAX_CHARS)).filter(|text| !text.is_empty());
}
