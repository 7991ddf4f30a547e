//! Damages inputs: what a fuzzer does that does not know which branches an input passes.

use fastrand::Rng;
use silkrate::fetch::BODY_BYTES_MAX;

/// How often an input is damaged before it is given to a target: most often once, so that the rest of it stays valid.
const DAMAGES_MAX: usize = 4;
/// The longest run of bytes that is removed, repeated or inserted: a row of a document.
const RUN_BYTES_MAX: usize = 200;
/// The longest input of most.
const INPUT_BYTES_MAX: usize = 64 * 1024;
/// Bytes and texts that mean something in one of the formats.
const TOKENS: &[&[u8]] = &[
    b"0",
    b"9",
    b".",
    b",",
    b"-",
    b"+",
    b"/",
    b"*",
    b"<",
    b">",
    b"&",
    b";",
    b"\"",
    b"'",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b"=",
    b"%",
    b"\n",
    b" ",
    b"\0",
    b"\x1b",
    b"\xff",
    b"\xa0",
    b"\xef\xbb\xbf",
    b"\xe2\x80\xae",
    b"\xd9\xa3",
    b"&#49;",
    b"\\u0031",
    b"<!--",
    b"-->",
    b"<![CDATA[",
    b"]]>",
    b"<!DOCTYPE",
    b"null",
    b"true",
    b"1e3",
    b"NaN",
    b"0.0",
    b"99999999999999999999999999999",
    b"-1",
    b"2147483648",
    b"18446744073709551615",
    b"9999-12-31",
    b"2026-02-30",
    b"02.04.2026",
    b"USD",
    b"KZT/USD",
    b"*/*",
    b"100",
    b"1000000",
];

/// An input made from seeds.
pub(crate) fn mutated(seeds: &[Vec<u8>], random: &mut Rng) -> Vec<u8> {
    let mut input = chosen(seeds, random).to_vec();
    for _ in 0..random
        .usize(1..=DAMAGES_MAX)
        .min(random.usize(1..=DAMAGES_MAX))
    {
        damage(&mut input, seeds, random);
    }
    input.truncate(INPUT_BYTES_MAX);
    input
}

/// A document in which one piece, of a byte or of rows, repeats until it is as long as the longest that is fetched.
pub(crate) fn grown(seeds: &[Vec<u8>], random: &mut Rng) -> Vec<u8> {
    let mut input = chosen(seeds, random).to_vec();
    let at = random.usize(0..=input.len());
    let end = input.len().min(at + 1 + random.usize(0..=RUN_BYTES_MAX));
    let missing = BODY_BYTES_MAX.saturating_sub(input.len());
    let piece = input[at..end].to_vec();
    let more: Vec<u8> = piece.iter().copied().cycle().take(missing).collect();
    input.splice(at..at, more);
    input
}

fn chosen<'a>(seeds: &'a [Vec<u8>], random: &mut Rng) -> &'a [u8] {
    random.choice(seeds).map(Vec::as_slice).unwrap_or_default()
}

fn damage(input: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut Rng) {
    let at = random.usize(0..=input.len());
    let end = input.len().min(at + random.usize(0..=RUN_BYTES_MAX));
    match random.u8(0..10) {
        0 => input.truncate(at),
        1 => drop(input.drain(at..end)),
        2 => {
            let run = input[at..end].to_vec();
            input.splice(end..end, run);
        }
        3 => {
            let other = chosen(seeds, random);
            let from = random.usize(0..=other.len());
            let run = &other[from..other.len().min(from + RUN_BYTES_MAX)];
            input.splice(at..end, run.iter().copied());
        }
        4 | 5 => {
            let token = random.choice(TOKENS).copied().unwrap_or_default();
            input.splice(at..at, token.iter().copied());
        }
        6 => {
            let token = random.choice(TOKENS).copied().unwrap_or_default();
            let end = input.len().min(at + token.len());
            input.splice(at..end, token.iter().copied());
        }
        7 => digit(input, at, random),
        8 if at < input.len() => input[at] ^= 1 << random.u8(0..8),
        _ => match input.get_mut(at) {
            Some(byte) => *byte = random.u8(..),
            None => input.push(random.u8(..)),
        },
    }
}

/// Replaces the next digit by another one.
fn digit(input: &mut [u8], at: usize, random: &mut Rng) {
    let mut rest = input.iter_mut().skip(at);
    if let Some(digit) = rest.find(|byte| byte.is_ascii_digit()) {
        *digit = b'0' + random.u8(0..10);
    }
}
