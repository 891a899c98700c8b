//! Sums all positions of XTC files with molly. A path a line comes in, a sum a line (nm) goes out, so that the reader can
//! take turns with others without being started again.
use std::io::{self, BufRead, ErrorKind, Write};

const N_LANES: usize = 16;

/// In lanes, as numpy sums: what is measured is the reading.
fn sum(values: &[f32]) -> f64 {
    let mut lanes = [0f32; N_LANES];
    let chunks = values.chunks_exact(N_LANES);
    let rest: f32 = chunks.remainder().iter().sum();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += value;
        }
    }
    f64::from(lanes.iter().sum::<f32>() + rest)
}

fn sum_of(path: &str) -> io::Result<f64> {
    let mut reader = molly::XTCReader::open(path)?;
    let mut frame = molly::Frame::default();
    let mut scratch = Vec::new();
    let mut total = 0.0;
    loop {
        match reader.read_frame_with_scratch_buffered(&mut frame, &mut scratch, &molly::selection::AtomSelection::All) {
            Ok(()) => total += sum(&frame.positions),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(total),
            Err(error) => return Err(error),
        }
    }
}

fn main() -> io::Result<()> {
    for path in io::stdin().lock().lines() {
        println!("{}", sum_of(&path?)?);
        io::stdout().flush()?;
    }
    Ok(())
}
