/** The optional sound of a new offer: two soft tones, made here so that no file is needed. */
const TONES_HZ = [660, 880];
const TONE_S = 0.16;

export function chime(): void {
  const audio = new AudioContext();
  TONES_HZ.forEach((tone, i) => play(audio, tone, audio.currentTime + i * TONE_S));
  setTimeout(() => void audio.close(), 1000);
}

function play(audio: AudioContext, hertz: number, at: number): void {
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  tone.frequency.value = hertz;
  volume.gain.setValueAtTime(0.12, at);
  volume.gain.exponentialRampToValueAtTime(0.001, at + TONE_S);
  tone.connect(volume).connect(audio.destination);
  tone.start(at);
  tone.stop(at + TONE_S);
}
