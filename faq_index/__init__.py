"""The FAQ library: its index (encoder, FAISS, lexical leg), its content check and its compiled form."""
