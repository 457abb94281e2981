/**
 * Preloaded into a program by `--import`: its wall clock jumps CLOCK_OFFSET_MS ahead at the first SIGUSR2,
 * back at the next, and so on. The monotonic clock and timers are left alone.
 */
const offsetMs = Number(process.env['CLOCK_OFFSET_MS']);
const now = Date.now.bind(Date);
let isShifted = false;

Date.now = () => now() + (isShifted ? offsetMs : 0);
process.on('SIGUSR2', () => {
  isShifted = !isShifted;
});
