"""Stand-ins for Pulumi's provider plugins: the real engine runs, and nothing leaves the machine."""
