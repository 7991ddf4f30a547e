//! The cells of a row, read while the row is serialized: a history has thousands of rows with a dozen lists each, and a JSON
//! value of every row would cost most of the time of its CSV.

use std::fmt::Display;

use serde::ser::{
    Error as _, Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, Serializer,
};
use serde_json::{Error, Result};

use crate::tabular::columns::Column;

/// What separates the texts of a list, as it does the two sources of a crossed rate.
const BETWEEN: char = '+';
/// What stands in a path for each item of a list.
const EACH_ITEM: &str = "*";

/// Reads the values of the columns out of rows.
#[derive(Debug)]
pub(super) struct CellReader {
    columns: Place,
    cells: Vec<String>,
}

impl CellReader {
    pub(super) fn new(columns: &[Column]) -> Self {
        let mut root = Place::default();
        for (column, (_, path)) in columns.iter().enumerate() {
            root.add(path, column);
        }
        Self {
            columns: root,
            cells: vec![String::new(); columns.len()],
        }
    }

    /// The texts of the columns of a row, in their order; empty where the value or a message around it is absent.
    ///
    /// # Errors
    /// A row that has no JSON form, or a list or an object where a column has one value.
    pub(super) fn read(&mut self, row: &impl Serialize) -> Result<&[String]> {
        self.cells.iter_mut().for_each(String::clear);
        row.serialize(Reader {
            place: &self.columns,
            cells: &mut self.cells,
        })?;
        Ok(&self.cells)
    }
}

/// A place in the JSON form of a row: what is a column there, and below it.
#[derive(Debug, Default)]
struct Place {
    column: Option<usize>,
    /// By the key of an object, by the index of an item, or by `*` for each item.
    below: Vec<(&'static str, Place)>,
}

impl Place {
    fn add(&mut self, path: &'static str, column: usize) {
        let Some(path) = path.strip_prefix('/') else {
            self.column = Some(column);
            return;
        };
        let end = path.find('/').unwrap_or(path.len());
        let (key, path) = path.split_at(end);
        if let Some((_, place)) = self.below.iter_mut().find(|(known, _)| *known == key) {
            place.add(path, column);
        } else {
            let mut place = Self::default();
            place.add(path, column);
            self.below.push((key, place));
        }
    }

    fn at(&self, key: &str) -> Option<&Self> {
        let found = self.below.iter().find(|(known, _)| *known == key);
        found.map(|(_, place)| place)
    }
}

/// Serializes a value into the cells of a place. What is no column and has none inside is not serialized.
struct Reader<'a> {
    place: &'a Place,
    cells: &'a mut [String],
}

impl<'a> Reader<'a> {
    fn put(self, value: &str) {
        let cell = self
            .place
            .column
            .and_then(|column| self.cells.get_mut(column));
        if let Some(cell) = cell {
            if !cell.is_empty() {
                cell.push(BETWEEN);
            }
            cell.push_str(value);
        }
    }

    fn put_number(self, number: impl Display) {
        self.put(&number.to_string());
    }

    /// The reader of what is inside a value that is no column itself.
    fn inside(self) -> Result<Inside<'a>> {
        if self.place.column.is_some() {
            return Err(Error::custom(
                "a column has one value, no list and no object",
            ));
        }
        Ok(Inside {
            place: self.place,
            cells: self.cells,
            key: String::new(),
            items: 0,
        })
    }
}

fn no_form<T>(what: &str) -> Result<T> {
    Err(Error::custom(format!("no cell is made of {what}")))
}

/// Reads the fields of an object or the items of a list.
struct Inside<'a> {
    place: &'a Place,
    cells: &'a mut [String],
    /// The key of the next value of a map.
    key: String,
    /// The items so far.
    items: usize,
}

impl Inside<'_> {
    fn field<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<()> {
        match self.place.at(key) {
            Some(place) => value.serialize(Reader {
                place,
                cells: self.cells,
            }),
            None => Ok(()),
        }
    }
}

impl SerializeStruct for Inside<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<()> {
        self.field(key, value)
    }

    fn end(self) -> Result<()> {
        Ok(())
    }
}

impl SerializeMap for Inside<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        let place = Place {
            column: Some(0),
            below: Vec::new(),
        };
        self.key.clear();
        key.serialize(Reader {
            place: &place,
            cells: std::slice::from_mut(&mut self.key),
        })
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        let key = std::mem::take(&mut self.key);
        self.field(&key, value)
    }

    fn end(self) -> Result<()> {
        Ok(())
    }
}

impl SerializeSeq for Inside<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<()> {
        let index = self.items.to_string();
        self.items = self.items.saturating_add(1);
        self.field(&index, item)?;
        self.field(EACH_ITEM, item)
    }

    fn end(self) -> Result<()> {
        Ok(())
    }
}

/// The methods that put a number.
macro_rules! numbers {
    ($($method:ident $type:ty),*) => {
        $(fn $method(self, number: $type) -> Result<()> {
            self.put_number(number);
            Ok(())
        })*
    };
}

/// The methods that serialize what no message has.
macro_rules! none {
    ($($method:ident ($($argument:ty),*) $what:literal $type:ty),*) => {
        $(fn $method(self, $(_: $argument),*) -> Result<$type> {
            no_form($what)
        })*
    };
}

impl<'a> Serializer for Reader<'a> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Inside<'a>;
    type SerializeTuple = Impossible<(), Error>;
    type SerializeTupleStruct = Impossible<(), Error>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = Inside<'a>;
    type SerializeStruct = Inside<'a>;
    type SerializeStructVariant = Impossible<(), Error>;

    numbers!(serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64);
    numbers!(serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64);
    numbers!(serialize_bool bool, serialize_char char);
    none!(
        serialize_bytes(&[u8]) "bytes" (),
        serialize_tuple(usize) "a tuple" Self::SerializeTuple,
        serialize_tuple_struct(&'static str, usize) "a tuple" Self::SerializeTupleStruct,
        serialize_tuple_variant(&'static str, u32, &'static str, usize) "a variant" Self::SerializeTupleVariant,
        serialize_struct_variant(&'static str, u32, &'static str, usize) "a variant" Self::SerializeStructVariant
    );

    #[expect(clippy::disallowed_types, reason = "it is refused")]
    fn serialize_f32(self, _float: f32) -> Result<()> {
        no_form("a float")
    }

    #[expect(clippy::disallowed_types, reason = "it is refused")]
    fn serialize_f64(self, _float: f64) -> Result<()> {
        no_form("a float")
    }

    fn serialize_str(self, text: &str) -> Result<()> {
        self.put(text);
        Ok(())
    }

    fn serialize_none(self) -> Result<()> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<()> {
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<()> {
        Ok(())
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<()> {
        self.put(variant);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _value: &T,
    ) -> Result<()> {
        no_form("a variant")
    }

    fn serialize_seq(self, _length: Option<usize>) -> Result<Inside<'a>> {
        self.inside()
    }

    fn serialize_map(self, _length: Option<usize>) -> Result<Inside<'a>> {
        self.inside()
    }

    fn serialize_struct(self, _name: &'static str, _length: usize) -> Result<Inside<'a>> {
        self.inside()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn cells(columns: &[Column], rows: &[Value]) -> Vec<Vec<String>> {
        let mut reader = CellReader::new(columns);
        let cells = rows.iter().map(|row| reader.read(row).unwrap().to_vec());
        cells.collect()
    }

    #[test]
    fn a_column_has_the_value_at_its_path_and_the_texts_of_a_list_stand_in_one_cell() {
        const COLUMNS: &[Column] = &[
            ("second", "/list/1/x"),
            ("all", "/list/*/x"),
            ("flag", "/flag"),
            ("number", "/inside/number"),
            ("none", "/inside/none"),
            ("nowhere", "/nowhere/x"),
        ];
        let full = json!({
            "list": [{"x": "cbr"}, {"x": "nbk"}],
            "flag": false,
            "inside": {"number": 7, "none": null, "other": {"number": 8}},
            "none": "unread",
        });
        assert_eq!(
            cells(COLUMNS, &[full, json!({"list": [], "inside": null})]),
            [["nbk", "cbr+nbk", "false", "7", "", ""], [""; 6]]
        );
    }

    #[test]
    fn a_float_and_a_column_that_is_a_list_are_errors() {
        let mut reader = CellReader::new(&[("x", "/x")]);
        for (row, reason) in [
            (json!({"x": 0.1}), "no cell is made of a float"),
            (
                json!({"x": ["a"]}),
                "a column has one value, no list and no object",
            ),
            (
                json!({"x": {"y": "a"}}),
                "a column has one value, no list and no object",
            ),
        ] {
            assert_eq!(reader.read(&row).unwrap_err().to_string(), reason);
        }
        assert_eq!(reader.read(&json!({"y": 0.1})).unwrap(), [""]);
    }
}
