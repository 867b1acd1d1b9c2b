// Sources of EventQueue.
