//! Moving feasts: days off whose dates are not known to the day. The Islamic ones follow the sighting of the moon, and
//! Nowruz is moved when it falls on a weekend.

use jiff::civil::{Date, Weekday, date};

/// Eid al-Fitr, 1 Shawwal: the first day by the Umm al-Qura calendar as tabulated in ICU
/// (`Intl.DateTimeFormat("en-u-ca-islamic-umalqura")`). The moon is sighted a day earlier or later in some countries.
const EID_AL_FITR: &[Date] = &[
    date(2024, 4, 10),
    date(2025, 3, 30),
    date(2026, 3, 20),
    date(2027, 3, 9),
    date(2028, 2, 26),
    date(2029, 2, 14),
    date(2030, 2, 4),
    date(2031, 1, 24),
    date(2032, 1, 14),
    date(2033, 1, 3),
    date(2033, 12, 23),
    date(2034, 12, 12),
    date(2035, 12, 1),
];
/// Eid al-Adha, 10 Dhu al-Hijjah, from the same table.
const EID_AL_ADHA: &[Date] = &[
    date(2024, 6, 16),
    date(2025, 6, 6),
    date(2026, 5, 27),
    date(2027, 5, 16),
    date(2028, 5, 5),
    date(2029, 4, 24),
    date(2030, 4, 13),
    date(2031, 4, 2),
    date(2032, 3, 22),
    date(2033, 3, 12),
    date(2034, 3, 1),
    date(2035, 2, 19),
];
/// How many working days after a feast may still be off: the moon may be sighted a day later than the table says.
const TOLERANCE_DAYS: u8 = 1;

/// How many days off a country keeps at each moving feast; 0 if it keeps none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MovingFeasts {
    /// At Eid al-Fitr: Oraza Ait, Ramazon hayiti, Idi Ramazon.
    pub eid_al_fitr: u8,
    /// At Eid al-Adha: Kurban Ait, Qurbon hayiti, Idi Qurbon, Gurban bayramy.
    pub eid_al_adha: u8,
    /// At Nowruz, from 21 March.
    pub nowruz: u8,
}

/// What a moving feast makes of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FeastDay {
    /// A day of the feast, or one that replaces a day of it that fell on a weekend: probably a day off.
    Feast,
    /// Within the tolerance before or after a feast: probably a working day.
    Tolerance,
}

impl MovingFeasts {
    /// No moving feast.
    pub const NONE: Self = Self {
        eid_al_fitr: 0,
        eid_al_adha: 0,
        nowruz: 0,
    };

    /// What the feasts make of a day; `None` if it is far from each of them.
    pub(super) fn on(self, day: Date) -> Option<FeastDay> {
        let nowruz = Date::new(day.year(), 3, 21).ok();
        [
            (newest(EID_AL_FITR, day), self.eid_al_fitr),
            (newest(EID_AL_ADHA, day), self.eid_al_adha),
            (nowruz, self.nowruz),
        ]
        .into_iter()
        .filter(|(_, days)| *days > 0)
        .find_map(|(first, days)| around(first?, days, day))
    }
}

/// The last feast of a list that has begun on a day or begins on the next one.
fn newest(firsts: &[Date], day: Date) -> Option<Date> {
    let tomorrow = day.tomorrow().ok()?;
    let begun = firsts.partition_point(|first| *first <= tomorrow);
    firsts.get(begun.checked_sub(1)?).copied()
}

/// What a feast makes of a day around it.
fn around(first: Date, days: u8, day: Date) -> Option<FeastDay> {
    if day < first {
        return (day.tomorrow().ok()? == first).then_some(FeastDay::Tolerance);
    }
    let mut last = first;
    let mut replaced = u8::from(is_weekend(first));
    for _ in 1..days {
        last = last.tomorrow().ok()?;
        replaced = replaced.saturating_add(u8::from(is_weekend(last)));
    }
    last = after_working_days(last, replaced)?;
    if day <= last {
        return Some(FeastDay::Feast);
    }
    (day <= after_working_days(last, TOLERANCE_DAYS)?).then_some(FeastDay::Tolerance)
}

/// The date that lies a number of working days after another.
fn after_working_days(date: Date, count: u8) -> Option<Date> {
    let mut day = date;
    for _ in 0..count {
        day = day.tomorrow().ok()?;
        while is_weekend(day) {
            day = day.tomorrow().ok()?;
        }
    }
    Some(day)
}

fn is_weekend(day: Date) -> bool {
    matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

#[cfg(test)]
mod tests {
    use std::iter::successors;

    use super::*;

    const UZBEK: MovingFeasts = MovingFeasts {
        eid_al_fitr: 3,
        eid_al_adha: 3,
        nowruz: 1,
    };

    fn days(feasts: MovingFeasts, from: Date, to: Date, kind: FeastDay) -> Vec<i8> {
        let days = successors(Some(from), |day| day.tomorrow().ok());
        let days = days.take_while(|day| *day <= to);
        let days = days.filter(|day| feasts.on(*day) == Some(kind));
        days.map(Date::day).collect()
    }

    #[test]
    fn a_feast_has_its_days_those_that_replace_a_weekend_and_a_tolerance_of_a_day() {
        // Friday the 20th to Sunday the 22nd; the Saturday and the Sunday are replaced.
        let fitr = MovingFeasts { nowruz: 0, ..UZBEK };
        let of = |kind| days(fitr, date(2026, 3, 10), date(2026, 3, 31), kind);
        assert_eq!(of(FeastDay::Feast), [20, 21, 22, 23, 24]);
        assert_eq!(of(FeastDay::Tolerance), [19, 25]);
        // Wednesday the 27th to Friday the 29th; the tolerance ends on Monday the 1st of June.
        let of = |kind| days(UZBEK, date(2026, 5, 10), date(2026, 6, 10), kind);
        assert_eq!(of(FeastDay::Feast), [27, 28, 29]);
        assert_eq!(of(FeastDay::Tolerance), [26, 30, 31, 1]);
    }

    #[test]
    fn nowruz_on_a_weekend_is_replaced_by_the_days_after_it() {
        let kazakh = MovingFeasts {
            eid_al_fitr: 0,
            eid_al_adha: 1,
            nowruz: 3,
        };
        let of = |kind| days(kazakh, date(2026, 3, 10), date(2026, 3, 31), kind);
        assert_eq!(of(FeastDay::Feast), [21, 22, 23, 24, 25]);
        assert_eq!(of(FeastDay::Tolerance), [20, 26]);
    }

    #[test]
    fn a_country_without_a_feast_has_no_day_of_it() {
        for day in [date(2026, 3, 20), date(2026, 3, 21), date(2026, 5, 27)] {
            assert_eq!(MovingFeasts::NONE.on(day), None, "{day}");
        }
        assert_eq!(UZBEK.on(date(2026, 4, 15)), None);
        assert_eq!(UZBEK.on(date(2020, 5, 24)), None, "before the table");
    }

    #[test]
    fn the_feasts_follow_each_other_by_a_lunar_year() {
        for firsts in [EID_AL_FITR, EID_AL_ADHA] {
            for pair in firsts.windows(2) {
                let days = pair[0].until(pair[1]).unwrap().get_days();
                assert!((354..=355).contains(&days), "{pair:?}");
            }
        }
        assert_eq!(EID_AL_FITR.first().unwrap().year(), 2024);
        assert_eq!(EID_AL_ADHA.last().unwrap().year(), 2035);
    }
}
