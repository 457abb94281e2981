/**
 * Preloaded into a program by `--import`: its wall clock is off by CLOCK_OFFSET_MS, and jumps by as much
 * back and forth at each SIGUSR2. The monotonic clock and timers are left alone.
 */
const offsetMs = Number(process.env['CLOCK_OFFSET_MS']);
const now = Date.now.bind(Date);
let isShifted = true;

Date.now = () => now() + (isShifted ? offsetMs : 0);
process.on('SIGUSR2', () => {
  isShifted = !isShifted;
});
