"""The Pulumi program: settings, components and the bundles that it ships."""
