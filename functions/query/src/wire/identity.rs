use domain::question::Line;
use store::receipts;

use super::reply::Known;

impl Known<'_> {
    /// Everything of the answer that is not of the clock alone, to be compared.
    pub(crate) fn digest(&self, into: &mut Vec<u8>) {
        let answer = &self.answered.answer;
        into.extend(self.asked.name.as_bytes());
        into.extend(self.query_id().into_bytes());
        into.extend(format!("{:?}{:?}", answer.last_point_at, self.answered.first_day).bytes());
        into.extend(self.question.of.declaration.unit.as_str().bytes());
        into.extend(self.question.windows.main.slots.iter().map(|slot| u8::from(slot.complete)));
        digest_line(&answer.whole, into);
        for (place, line) in &answer.groups {
            into.extend(format!("{place:?}").bytes());
            digest_line(line, into);
        }
    }

    /// Depends on nothing but tenant and question, its instants resolved.
    pub(super) fn query_id(&self) -> String {
        let (asked, question, frame) = (self.asked, self.question, &self.asked.frame);
        let text = format!(
            "1 {} {:?} {:?} {:?} {:?} {} {} {:?} {} {:?} {:?} {:?} {} {:?}",
            asked.of,
            asked.by,
            question.reading,
            question.gap,
            frame.grain,
            frame.range.from,
            frame.range.to,
            frame.calendar.week_start,
            frame.calendar.fiscal_year_start_month,
            frame.comparison,
            question.filter,
            question.group_by,
            frame.only_complete,
            frame.calendar.zone.name(),
        );
        let id = receipts::digest(&[self.tenant.id.0.as_bytes(), text.as_bytes()]);
        id.simple().to_string()
    }
}

fn digest_line(line: &Line, into: &mut Vec<u8>) {
    let past = line.past.iter().flat_map(|past| past.values.iter().flatten().chain([&past.total]));
    for value in line.values.iter().chain([&line.total]).chain(past) {
        let numbers = [value.value, value.parts.map(|(of, _)| of), value.parts.map(|(_, by)| by)];
        into.push(u8::from(value.filled));
        let bits = numbers.map(|number| number.map_or(u64::MAX, f64::to_bits));
        into.extend(bits.iter().flat_map(|bits| bits.to_be_bytes()));
    }
}
