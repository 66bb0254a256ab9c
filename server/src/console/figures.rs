//! `/console/figures`: how many of what there are (统计), as bars drawn here and as the table that they are drawn from.

use std::cmp::Reverse;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use form_urlencoded::Serializer;
use serde::Deserialize;

use super::desk::{Desk, Frame};
use super::house::campaigns_of;
use super::sheets::{Choice, choices, filters};
use super::when::Count;
use super::words::{Words, fill};
use super::{errors, regions, shown, shown_as};
use crate::app::App;
use crate::endpoints::days::invalid;
use crate::endpoints::figures::export::DISPOSITION;
use crate::endpoints::figures::{By, FiguresQuery};
use crate::extract::Query;
use crate::problem::Problem;
use crate::services::figures::{self, Figures, Grouping, sum};
use crate::services::spreadsheet;

/// Units of the longest bar: the drawing is as wide as the page has room.
const BARS_WIDE: i64 = 1_000;
/// Bars of one drawing; the table has all rows.
const BARS_MAX: usize = 24;

#[derive(Template)]
#[template(path = "figures.html")]
struct FiguresPage {
    frame: Frame,
    typed: Typed,
    by: Vec<Choice>,
    campaigns: Vec<Choice>,
    charts: Vec<Chart>,
    heads: Vec<&'static str>,
    rows: Vec<Line>,
    total: Line,
    file: String,
    /// That there is no such grouping.
    wrong: Option<Wrong>,
}

/// What is wrong with what was asked, and what may be asked instead, by its address.
struct Wrong {
    told: String,
    ways: Vec<(String, String)>,
    code: &'static str,
}

struct Line {
    name: String,
    cells: Vec<String>,
}

/// One drawing, of one column of the table.
struct Chart {
    title: &'static str,
    /// That not all of the table is drawn; empty where it is.
    cut: String,
    bars: Vec<Bar>,
    /// The same in words, for those who listen.
    told: String,
}

struct Bar {
    name: String,
    count: Count,
    unit: &'static str,
    width: i64,
}

/// What is asked, as the form sends it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Typed {
    by: String,
    from: String,
    to: String,
    campaign: String,
    region: String,
}

impl Typed {
    /// What is asked, by one of the groupings that there are.
    fn query(&self, by: By) -> FiguresQuery {
        let given = |text: &String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        FiguresQuery {
            by,
            from: given(&self.from),
            to: given(&self.to),
            campaign: given(&self.campaign),
            body: None,
            region: given(&self.region),
        }
    }

    fn by(&self) -> Option<By> {
        By::of(self.by.trim())
    }

    fn address(&self, path: &str) -> String {
        let mut query = Serializer::new(String::new());
        for (name, value) in [
            ("by", &self.by),
            ("from", &self.from),
            ("to", &self.to),
            ("campaign", &self.campaign),
            ("region", &self.region),
        ] {
            if !value.trim().is_empty() {
                query.append_pair(name, value.trim());
            }
        }
        format!("{path}?{}", query.finish())
    }
}

/// The numbers of a row, in the order of the columns; of them the charts are drawn.
fn numbers(row: &Figures) -> [Option<i64>; 8] {
    [
        Some(sum(&row.entries)),
        Some(sum(&row.samples)),
        Some(sum(&row.refusals)),
        row.refusals.get("confirmed").copied().or(Some(0)),
        Some(sum(&row.not_sampled)),
        Some(row.duplicates_prevented),
        Some(row.duplicates_found),
        row.evidence.percent(),
    ]
}

fn line(row: &Figures, unnamed: &str) -> Line {
    let cells = numbers(row)
        .into_iter()
        .enumerate()
        .map(|(place, number)| match (place, number) {
            (_, None) => "–".to_owned(),
            (7, Some(percent)) => format!("{percent} %"),
            (_, Some(number)) => Count(number).to_string(),
        });
    Line {
        name: match row.name.is_empty() {
            true => unnamed.to_owned(),
            false => row.name.clone(),
        },
        cells: cells.collect(),
    }
}

/// The rows that a drawing has room for, in the order of the table: of months the last, of all else those of the greatest size.
fn drawn(rows: &[Figures], by_month: bool, size: impl Fn(&Figures) -> i64) -> Vec<&Figures> {
    let over = rows.len().saturating_sub(BARS_MAX);
    if by_month {
        return rows.iter().skip(over).collect();
    }
    let mut greatest: Vec<(usize, &Figures)> = rows.iter().enumerate().collect();
    greatest.sort_by_key(|(_, row)| Reverse(size(row)));
    greatest.truncate(BARS_MAX);
    greatest.sort_by_key(|(at, _)| *at);
    greatest.into_iter().map(|(_, row)| row).collect()
}

fn chart(w: &Words, place: usize, title: &'static str, rows: &[Figures], by_month: bool) -> Chart {
    let unnamed = w.figure_unnamed;
    let of = |row: &Figures| numbers(row)[place].unwrap_or_default();
    let unit = if place == 7 { " %" } else { "" };
    let most = match place {
        7 => 100,
        _ => rows.iter().map(of).max().unwrap_or_default().max(1),
    };
    // A share is as large as what it is of.
    let size = |row: &Figures| match place {
        7 => row.evidence.pieces,
        _ => of(row),
    };
    let mut bars = Vec::new();
    for row in drawn(rows, by_month, size) {
        bars.push(Bar {
            name: match row.name.is_empty() {
                true => unnamed.to_owned(),
                false => row.name.clone(),
            },
            count: Count(of(row)),
            unit,
            width: of(row) * BARS_WIDE / most,
        });
    }
    let told = bars
        .iter()
        .map(|bar| format!("{} {}{}", bar.name, bar.count, bar.unit));
    let cut = match bars.len() < rows.len() {
        true => fill(&fill(w.figure_cut, "shown", bars.len()), "n", rows.len()),
        false => String::new(),
    };
    Chart {
        title,
        cut,
        told: Vec::from_iter(told).join("; "),
        bars,
    }
}

/// `GET /console/figures`.
pub async fn show(
    State(app): State<App>,
    desk: Desk,
    Query(typed): Query<Typed>,
) -> Result<Response, Problem> {
    let w = desk.w();
    let by = [
        ("body", w.body),
        ("product", w.product_name),
        ("region", w.region_code),
        ("month", w.month),
    ];
    let by = by.map(|(value, text)| (value.to_owned(), text.to_owned()));
    let mut db = app.store.read().await?;
    let known = campaigns_of(&mut db, &desk).await?;
    drop(db);
    let campaigns = filters(w, known, &typed.campaign);
    let Some(asked) = typed.by() else {
        return by_none(&desk, typed, by, campaigns);
    };
    let (grouping, filter) = typed.query(asked).asked()?;
    let mut told = figures::tell(&app, &desk.principal, grouping, &filter).await?;
    if grouping == Grouping::Region {
        for row in &mut told.rows {
            row.name = regions::named(desk.language(), &row.name);
        }
    }
    let heads = vec![
        w.figure_entries,
        w.figure_samples,
        w.figure_refusals,
        w.figure_confirmed,
        w.figure_not_sampled,
        w.figure_prevented,
        w.figure_found,
        w.figure_evidence,
    ];
    let charts = [0, 1, 2, 4, 5, 6, 7];
    let charts = charts.map(|place| chart(w, place, heads[place], &told.rows, told.by == "month"));
    let mut total = told.total;
    total.name = w.figure_total.to_owned();
    let page = FiguresPage {
        frame: desk.frame(w.figures),
        by: choices(by, told.by),
        campaigns,
        wrong: None,
        charts: charts.into_iter().collect(),
        rows: told
            .rows
            .iter()
            .map(|row| line(row, w.figure_unnamed))
            .collect(),
        total: line(&total, ""),
        file: typed.address("/console/figures.csv"),
        heads,
        typed,
    };
    shown(&page)
}

/// The page of a grouping that there is none of: it says so, and leads to the same question by each that there is.
fn by_none(
    desk: &Desk,
    typed: Typed,
    by: [(String, String); 4],
    campaigns: Vec<Choice>,
) -> Result<Response, Problem> {
    let w = desk.w();
    let problem = invalid("by");
    let ways = by.iter().map(|(value, text)| {
        let asked = Typed {
            by: value.clone(),
            ..typed.clone()
        };
        (asked.address("/console/figures"), text.clone())
    });
    let page = FiguresPage {
        frame: desk.frame(w.figures),
        wrong: Some(Wrong {
            told: fill(w.figures_by_none, "what", typed.by.trim()),
            ways: ways.collect(),
            code: problem.code().as_str(),
        }),
        by: choices(by, ""),
        campaigns,
        charts: Vec::new(),
        rows: Vec::new(),
        total: Line {
            name: String::new(),
            cells: Vec::new(),
        },
        file: String::new(),
        heads: Vec::new(),
        typed,
    };
    let mut answer = shown_as(problem.code().status(), &page)?;
    errors::mark(&mut answer, &problem);
    Ok(answer)
}

/// `GET /console/figures.csv`.
pub async fn file(
    State(app): State<App>,
    desk: Desk,
    Query(typed): Query<Typed>,
) -> Result<Response, Problem> {
    let by = typed.by().ok_or_else(|| invalid("by"))?;
    let (grouping, filter) = typed.query(by).asked()?;
    let file = figures::export(&app, &desk.principal, grouping, &filter).await?;
    Ok((spreadsheet::headers(DISPOSITION), file).into_response())
}

#[cfg(test)]
mod tests {
    use super::super::words::{EN, ZH};
    use super::*;

    /// Rows by these names, with so many entries each.
    fn rows(of: impl Iterator<Item = (String, i64)>) -> Vec<Figures> {
        let row = |(name, entries): (String, i64)| Figures {
            key: name.clone(),
            name,
            entries: [("first".to_owned(), entries)].into(),
            ..Figures::default()
        };
        of.map(row).collect()
    }

    fn names(chart: &Chart) -> Vec<&str> {
        chart.bars.iter().map(|bar| bar.name.as_str()).collect()
    }

    #[test]
    fn of_many_months_the_last_are_drawn_and_of_other_things_the_largest_and_it_is_said() {
        let month = |at: i64| format!("{}-{:02}", 2023 + at / 12, at % 12 + 1);
        let months = rows((0..30).map(|at| (month(at), 1)));
        let shown = chart(&EN, 0, EN.figure_entries, &months, true);
        assert_eq!(names(&shown).first(), Some(&"2023-07"));
        assert_eq!(names(&shown).last(), Some(&"2025-06"));
        assert_eq!(shown.cut, "24 of 30; all are in the table");
        // By name the largest stand at the end: they are drawn, in the order of the table.
        let products = rows((0..30).map(|at| (format!("p{at:02}"), at)));
        let shown = chart(&ZH, 0, ZH.figure_entries, &products, false);
        let largest: Vec<String> = (6..30).map(|at| format!("p{at:02}")).collect();
        assert_eq!(names(&shown), largest);
        assert!(shown.cut.contains("24 / 30"), "{}", shown.cut);
        assert_eq!(shown.bars[23].width, BARS_WIDE);
        // Nothing is cut off, nothing is said.
        for by_month in [true, false] {
            let shown = chart(&EN, 0, EN.figure_entries, &products[..24], by_month);
            assert_eq!((shown.bars.len(), shown.cut.as_str()), (24, ""));
        }
    }
}
