// Sources of Receiver.
