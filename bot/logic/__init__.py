"""Pure logic of the understanding pipeline. Imports no Rasa."""
