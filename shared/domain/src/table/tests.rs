use super::{Found, Malformed, ROW_BYTES, Splitter};

#[test]
fn rows_are_split_at_delimiters_and_quotes_keep_what_they_hold() {
    let text = "a,b,c\r\n1,\"two, \"\"too\"\"\",3\n\n4,12\" plate,\"5\nand more\"\n7,,9";
    let rows = ["1: a|b|c", "2: 1|two, \"too\"|3", "4: 4|12\" plate|5\nand more", "6: 7||9"];
    assert_eq!(read(text), rows);
    let semicolons = text.replace(',', ";").replace("two;", "two,");
    assert_eq!(read(&semicolons), rows);
}

#[test]
fn the_rows_do_not_depend_on_the_pieces_the_text_comes_in() {
    let text = "a,b\n1,\"x\ny\"\r\n\"q\"\"q\",2\r\n3,\"open\n4,fine\n\n5,\"ü\"\r\n6,\"end\"";
    let whole = read(text);
    for size in 1..=text.len() {
        let pieces: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
        assert_eq!(read_pieces(&pieces), whole, "pieces of {size}");
    }
}

#[test]
fn a_line_that_is_no_row_costs_one_line() {
    let text = "a,b\n1\n2,\"open\n3,fine\n4,\"closed\" badly\n5,6,7\n8,9";
    let rows = [
        "1: a|b",
        "2 Columns { expected: 2, found: 1 }",
        "3 Quotes",
        "4: 3|fine",
        "5 Quotes",
        "6 Columns { expected: 2, found: 3 }",
        "7: 8|9",
    ];
    assert_eq!(read(text), rows);
    // The quote that is open on line 2 seems to close on line 4: three columns, so it does not.
    assert_eq!(
        read("a,b\n1,\"open\n2,fine\n3,\"quoted\"\n"),
        ["1: a|b", "2 Quotes", "3: 2|fine", "4: 3|quoted"]
    );
}

#[test]
fn what_is_too_long_or_not_utf_8_is_malformed() {
    let long = format!("a,b\n{},1\n2,3\n", "x".repeat(ROW_BYTES * 2));
    assert_eq!(read(&long), ["1: a|b", "2 TooLong", "3: 2|3"]);
    assert_eq!(
        read_pieces(&[b"a,b\n\xff,1\n\"\xff\",1\n2,3"]),
        ["1: a|b", "2 Encoding", "3 Encoding", "4: 2|3"]
    );
    assert_eq!(read(""), Vec::<String>::new());
}

fn read(text: &str) -> Vec<String> {
    read_pieces(&[text.as_bytes()])
}

fn read_pieces(pieces: &[&[u8]]) -> Vec<String> {
    let mut splitter = Splitter::default();
    let mut pieces = pieces.iter();
    let mut rows = Vec::new();
    loop {
        match splitter.advance() {
            Found::Row => {
                let row = splitter.row();
                let fields: Vec<&str> = row.iter().collect();
                rows.push(format!("{}: {}", row.line, fields.join("|")));
            }
            Found::Malformed(fault @ Malformed::Columns { .. }) => {
                rows.push(format!("{} {fault:?}", splitter.line()));
            }
            Found::Malformed(fault) => rows.push(format!("{} {fault:?}", splitter.line())),
            Found::Nothing => match pieces.next() {
                Some(piece) => splitter.feed(piece),
                None => splitter.end(),
            },
            Found::End => return rows,
        }
    }
}
