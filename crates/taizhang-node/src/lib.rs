//! The one loop that feeds the sync hub and performs its effects, the Node handle, the control socket.
