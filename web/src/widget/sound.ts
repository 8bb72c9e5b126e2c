/** A short sound for a player who does not look at the chat: two soft tones, made here so that no file is needed. */
const TONES_HZ = [660, 880];
const TONE_S = 0.14;
const VOLUME = 0.1;

export class Sound {
  #audio: AudioContext | null = null;

  constructor(private readonly open: () => AudioContext = () => new AudioContext()) {}

  /** To be called from a press of the player's: browsers let nothing sound before one. */
  unlock(): void {
    try {
      this.#audio ??= this.open();
      if (this.#audio.state === "suspended") void this.#audio.resume();
    } catch {
      // No sound device, or a web view without one: the chat is silent there.
    }
  }

  play(): void {
    const audio = this.#audio;
    if (audio?.state !== "running") return;
    TONES_HZ.forEach((tone, i) => playTone(audio, tone, audio.currentTime + i * TONE_S));
  }

  close(): void {
    void this.#audio?.close();
    this.#audio = null;
  }
}

function playTone(audio: AudioContext, hertz: number, at: number): void {
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  tone.frequency.value = hertz;
  volume.gain.setValueAtTime(VOLUME, at);
  volume.gain.exponentialRampToValueAtTime(0.001, at + TONE_S);
  tone.connect(volume).connect(audio.destination);
  tone.start(at);
  tone.stop(at + TONE_S);
}
